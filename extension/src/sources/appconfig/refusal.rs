//! Why AppConfig refused a call, read from its answer.
//!
//! Its words are repeated in log lines, but where a signature is at stake: AWS then spells out what it would have signed,
//! and the session's token is in it.

use std::time::{Duration, UNIX_EPOCH};

use http::header::{DATE, HeaderName, RETRY_AFTER};
use misrule_engine::time::Timestamp;
use serde::Deserialize;

use super::super::exchange::Answer;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// How much of AppConfig's words is repeated, in characters.
const SAID: usize = 300;

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) status: u16,
    /// The service's own words; empty where it has none, or none that may be repeated.
    pub(super) code: String,
    pub(super) message: String,
    /// How long it wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// What time it is, by the service's clock.
    pub(super) date: Option<Timestamp>,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The signature is not of this time, or is wrong.
    Signature,
    /// The keys are over, or are none.
    Keys,
    /// The role may not.
    Denied,
    /// Too many requests.
    Throttled,
    /// There is no such application, environment, profile or deployment.
    Missing,
    /// The token is good, but it is too soon.
    TooEarly,
    /// The request is wrong; of a token: it was used up, is a day old, or is none.
    Bad,
    /// Something else.
    Failed,
}

/// The body of AWS's errors.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: String,
    #[serde(rename = "__type")]
    namespaced: String,
    #[serde(alias = "Message")]
    message: String,
    #[serde(rename = "Details")]
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Details {
    invalid_parameters: InvalidParameters,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InvalidParameters {
    configuration_token: Parameter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Parameter {
    problem: String,
}

impl Refusal {
    /// What is refused by this answer, if anything is.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        if answer.status().is_success() {
            return None;
        }
        let status = answer.status().as_u16();
        let body: Body = serde_json::from_slice(answer.body()).unwrap_or_default();
        let codes = [header(answer, &ERROR_TYPE).unwrap_or_default(), &body.code, &body.namespaced];
        let code = codes.into_iter().map(bare).find(|code| !code.is_empty()).unwrap_or_default().to_owned();
        let kind = kind(status, &code, &body.details.invalid_parameters.configuration_token.problem);
        let whole = if kind == Kind::Signature { "" } else { body.message.as_str() };
        let message = whole.chars().take(SAID).collect();
        let date = header(answer, &DATE).and_then(date);
        let retry_after = header(answer, &RETRY_AFTER).and_then(|text| wait(text, date));
        Some(Self { kind, status, code, message, retry_after, date })
    }

    /// The service's own words, in one line.
    pub(super) fn said(&self) -> String {
        let Self { code, message, .. } = self;
        match (code.is_empty(), message.is_empty()) {
            (false, false) => format!("{code}: {message}"),
            (true, true) => "the answer does not say why".to_owned(),
            _ => format!("{code}{message}"),
        }
    }
}

fn kind(status: u16, code: &str, problem: &str) -> Kind {
    match code {
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => return Kind::Signature,
        "InvalidSignatureException" | "SignatureDoesNotMatch" => return Kind::Signature,
        "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException" => return Kind::Keys,
        "InvalidClientTokenId" | "InvalidAccessKeyId" => return Kind::Keys,
        "ThrottlingException" => return Kind::Throttled,
        "ResourceNotFoundException" => return Kind::Missing,
        _ => {}
    }
    match status {
        400 if problem == "PollIntervalNotSatisfied" => Kind::TooEarly,
        400 => Kind::Bad,
        403 => Kind::Denied,
        404 => Kind::Missing,
        429 => Kind::Throttled,
        _ => Kind::Failed,
    }
}

fn header<'a>(answer: &'a Answer, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// The code without the namespace before it and the address behind it.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

fn date(text: &str) -> Option<Timestamp> {
    let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_milliseconds(u64::try_from(since_epoch.as_millis()).ok()?))
}

/// `Retry-After` is a number of seconds, or a date (RFC 9110, section 10.2.3).
fn wait(text: &str, now: Option<Timestamp>) -> Option<Duration> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(date(text)?.since(now?)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;

    fn refusal(status: u16, headers: &[(&str, &str)], body: &'static str) -> Refusal {
        let answer = Response::builder().status(status);
        let answer = headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
        Refusal::of(&answer.body(Bytes::from_static(body.as_bytes())).unwrap()).unwrap()
    }

    #[test]
    fn a_refusal_is_told_by_its_code_wherever_it_stands_and_then_by_its_status() {
        let too_early = concat!(
            r#"{"Message":"Request too early","Reason":"InvalidParameters","Details":{"InvalidParameters":"#,
            r#"{"ConfigurationToken":{"Problem":"PollIntervalNotSatisfied"}}}}"#,
        );
        for (status, code, body, kind, said) in [
            (
                400,
                "BadRequestException:http://internal",
                too_early,
                Kind::TooEarly,
                "BadRequestException: Request too early",
            ),
            (400, "BadRequestException", r#"{"Message":"no"}"#, Kind::Bad, "BadRequestException: no"),
            (
                400,
                "",
                r#"{"__type":"com.amazonaws#ThrottlingException","message":"slow"}"#,
                Kind::Throttled,
                "ThrottlingException: slow",
            ),
            (403, "", r#"{"code":"ExpiredTokenException"}"#, Kind::Keys, "ExpiredTokenException"),
            (403, "AccessDeniedException", r#"{"Message":"no"}"#, Kind::Denied, "AccessDeniedException: no"),
            (404, "", "<html>", Kind::Missing, "the answer does not say why"),
            (429, "", "", Kind::Throttled, "the answer does not say why"),
            (503, "", r#"{"Message":"no"}"#, Kind::Failed, "no"),
            (301, "", "", Kind::Failed, "the answer does not say why"),
        ] {
            let headers = [("x-amzn-ErrorType", code)];
            let refusal = refusal(status, if code.is_empty() { &[] } else { &headers }, body);
            assert_eq!((refusal.kind, refusal.said().as_str(), refusal.status), (kind, said, status), "{body}");
        }
    }

    #[test]
    fn what_aws_would_have_signed_is_not_repeated() {
        let body = r#"{"message":"The Canonical String should have been 'GET x-amz-security-token:hush'"}"#;
        let refusal = refusal(403, &[("x-amzn-ErrorType", "InvalidSignatureException")], body);
        assert_eq!((refusal.kind, refusal.said().as_str()), (Kind::Signature, "InvalidSignatureException"));
    }

    #[test]
    fn it_may_say_when_to_come_back_in_seconds_or_by_a_date() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let after = |text| refusal(429, &[date, ("retry-after", text)], "").retry_after;
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(after("Sun, 06 Nov 1994 08:40:37 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        let told = refusal(429, &[date], "").date.map(Timestamp::as_milliseconds);
        assert_eq!(told, Some(784_111_777_000));
    }
}
