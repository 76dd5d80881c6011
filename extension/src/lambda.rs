//! The Extensions API: register, wait, shut down.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>
//!
//! Only SHUTDOWN is asked for: an extension that takes INVOKE adds its own time to every billed invocation, and Managed
//! Instances refuse it.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use serde::Deserialize;

use crate::proxy::{Content, Lambda, Unanswered, Upstream};
use crate::settings::UpstreamAddress;
use crate::telemetry::{self, Failed, Line};

const REGISTER: &str = "/2020-01-01/extension/register";
const NEXT: &str = "/2020-01-01/extension/event/next";
const IDENTIFIER: &str = "lambda-extension-identifier";

/// The longest pause between two attempts. Waiting for SHUTDOWN is all that depends on it.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// This process as an extension.
pub struct Extension {
    api: Upstream,
    name: HeaderValue,
}

/// What Lambda says of the function to whoever registers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Registration {
    #[serde(skip, default = "nobody")]
    identifier: HeaderValue,
    /// The function's name; empty where Lambda does not say.
    pub function_name: String,
    /// Its version; empty where Lambda does not say.
    pub function_version: String,
    /// Its handler; empty where Lambda does not say.
    pub handler: String,
    /// The account it runs in.
    pub account_id: Option<String>,
}

/// Lambda refused the registration. The environment cannot start with us in it: the one reason to end before SHUTDOWN.
#[derive(Debug, thiserror::Error)]
#[error("Lambda refused to register the extension `{name}`: status {status}, {answer}")]
pub struct Refused {
    name: String,
    status: StatusCode,
    answer: String,
}

impl Refused {
    /// The next step.
    pub const fn hint(&self) -> &'static str {
        "the program's file name in /opt/extensions must be the name it registers, and at most ten extensions fit"
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Extension {
    /// The extension that was started with this first argument, known to Lambda by its file name.
    pub fn new(api: UpstreamAddress, program: &OsStr) -> Self {
        let name = Path::new(program).file_name().unwrap_or(program).as_encoded_bytes();
        let name = HeaderValue::from_bytes(name).unwrap_or(HeaderValue::from_static("misrule"));
        Self { api: Upstream::new(Arc::new(Lambda::new(api))), name }
    }

    /// Registers, for as long as it takes until somebody answers.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn register(&self) -> Result<Registration, Refused> {
        let mut patience = Patience::new("register");
        loop {
            match self.ask(Method::POST, REGISTER, &self.introduction(), br#"{"events":["SHUTDOWN"]}"#).await {
                Ok(answer) if answer.status.is_success() => return Ok(Registration::read(&answer)),
                Ok(answer) => return Err(self.refused(&answer)),
                Err(error) => patience.wait(telemetry::chain(&error)).await,
            }
        }
    }

    /// Waits until Lambda shuts the environment down, whatever goes wrong until then: an extension that ends, ends the
    /// environment.
    pub async fn until_shutdown(&self, registration: &Registration) {
        let headers = [(IDENTIFIER, registration.identifier.clone())];
        let mut patience = Patience::new("event/next");
        loop {
            match self.ask(Method::GET, NEXT, &headers, b"").await {
                Ok(answer) if answer.status == StatusCode::OK && is_shutdown(&answer.body) => return,
                Ok(answer) if answer.status == StatusCode::OK => patience = Patience::new("event/next"),
                Ok(answer) => patience.wait(answer.to_string()).await,
                Err(error) => patience.wait(telemetry::chain(&error)).await,
            }
        }
    }

    fn introduction(&self) -> [(&'static str, HeaderValue); 3] {
        [
            ("lambda-extension-name", self.name.clone()),
            ("lambda-extension-accept-feature", HeaderValue::from_static("accountId")),
            (CONTENT_TYPE.as_str(), HeaderValue::from_static("application/json")),
        ]
    }

    fn refused(&self, answer: &Answer) -> Refused {
        let name = String::from_utf8_lossy(self.name.as_bytes()).into_owned();
        Refused { name, status: answer.status, answer: String::from_utf8_lossy(&answer.body).trim().to_owned() }
    }

    async fn ask(
        &self,
        method: Method,
        path: &'static str,
        headers: &[(&'static str, HeaderValue)],
        body: &'static [u8],
    ) -> Result<Answer, Unanswered> {
        let mut request = Request::new(Content::whole(Bytes::from_static(body)));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static(path);
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let (parts, body) = self.api.send(request).await?.into_parts();
        let body = body.collect().await.map_err(|cause| self.api.lost(cause))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

impl Registration {
    fn read(answer: &Answer) -> Self {
        let registration = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.headers.get(IDENTIFIER) {
            Some(identifier) => Self { identifier: identifier.clone(), ..registration },
            None => registration,
        }
    }
}

impl Default for Registration {
    fn default() -> Self {
        let (function_name, function_version, handler) = Default::default();
        Self { identifier: nobody(), function_name, function_version, handler, account_id: None }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "status {}, {}", self.status, String::from_utf8_lossy(&self.body).trim())
    }
}

fn nobody() -> HeaderValue {
    HeaderValue::from_static("")
}

fn is_shutdown(event: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Event<'a> {
        event_type: &'a str,
    }
    serde_json::from_slice::<Event<'_>>(event).is_ok_and(|event| event.event_type == "SHUTDOWN")
}

/// Pauses that grow, and one log line for a whole row of failures.
struct Patience {
    call: &'static str,
    pause: Duration,
    told: bool,
}

impl Patience {
    const fn new(call: &'static str) -> Self {
        Self { call, pause: Duration::from_millis(20), told: false }
    }

    async fn wait(&mut self, reason: String) {
        if !self.told {
            let reason = format!("`{}` of the Extensions API failed: {reason}", self.call);
            let hint = Some("it is called again until it answers".to_owned());
            Line::from(Failed { part: "lambda", request_id: None, reason, hint, count: 1 }).emit();
        }
        self.told = true;
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_programs_file() {
        let named = |program: &str| {
            let address = UpstreamAddress::parse("127.0.0.1:9001").unwrap();
            Extension::new(address, OsStr::new(program)).name
        };
        assert_eq!(named("/opt/extensions/misrule"), "misrule");
        assert_eq!(named("chaos"), "chaos");
    }

    #[test]
    fn only_a_shutdown_ends_the_wait() {
        assert!(is_shutdown(br#"{"eventType":"SHUTDOWN","shutdownReason":"SPINDOWN","deadlineMs":1}"#));
        assert!(!is_shutdown(br#"{"eventType":"INVOKE"}"#));
        assert!(!is_shutdown(b""));
    }

    #[test]
    fn a_registration_reads_what_lambda_says_and_no_more() {
        let answer = |body: &'static str| Answer {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(IDENTIFIER.parse().unwrap(), HeaderValue::from_static("me"))]),
            body: Bytes::from_static(body.as_bytes()),
        };
        let full =
            Registration::read(&answer(r#"{"functionName":"f","functionVersion":"7","handler":"h","accountId":"1"}"#));
        assert_eq!((full.function_name.as_str(), full.account_id.as_deref()), ("f", Some("1")));
        let strange = Registration::read(&answer("no JSON"));
        assert_eq!((strange.identifier, strange.function_name.as_str()), (HeaderValue::from_static("me"), ""));
    }
}
