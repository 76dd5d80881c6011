//! The AWS AppConfig agent, asked over plain HTTP on localhost: the Lambda extension that AWS offers as a layer.
//!
//! It holds the session with AppConfig and a copy of what is deployed, and looks for news itself. So asking costs
//! nothing, and needs neither credentials nor TLS here; whether an answer is news is told by its digest.
//! <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions.html>

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use misrule_engine::digest::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::exchange::{Answer, Exchange};
use super::{Fetched, Source, SourceError};
use crate::settings::AgentAddress;

#[cfg(test)]
mod tests;

/// The agent itself looks for news every 45 s unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(5);
/// The agent's first answer waits for AppConfig's, by default up to 3 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Lambda starts extensions side by side: the agent may not listen yet when it is first asked.
const START_BUDGET: Duration = Duration::from_secs(2);
const START_PAUSE: Duration = Duration::from_millis(20);
/// How much of a refusal is repeated in a log line, in bytes.
const SAID: usize = 300;
/// What stands in a path segment as it is (RFC 3986, section 2.3). A slash in a name must not.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A configuration profile of AWS AppConfig, as the agent beside this function has it.
#[derive(Debug)]
pub struct Agent {
    address: AgentAddress,
    name: String,
    last: Option<Digest>,
}

impl Agent {
    /// A source that asks the agent at each fetch; nothing is sent yet.
    pub fn open(address: AgentAddress) -> Self {
        Self { name: address.to_string(), address, last: None }
    }

    async fn ask(&self) -> Result<Answer, io::Error> {
        let stream = self.connect().await?;
        let asked = timeout(CALL_TIMEOUT, async { Exchange::over(stream).await?.send(self.request()?).await }).await;
        asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// A connection for one request: one that outlived a freeze is likely dead.
    async fn connect(&self) -> io::Result<TcpStream> {
        let begun = Instant::now();
        loop {
            match dial(self.address.port()).await {
                Err(error) if is_refused(&error) && begun.elapsed() < START_BUDGET => sleep(START_PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    fn request(&self) -> io::Result<Request<Full<Bytes>>> {
        let place = self.address.place();
        let [application, environment, profile] = [&place.application, &place.environment, &place.profile]
            .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string());
        let path = format!("/applications/{application}/environments/{environment}/configurations/{profile}");
        let mut request = Request::new(Full::default());
        *request.uri_mut() = path.parse::<Uri>().map_err(io::Error::other)?;
        let host = HeaderValue::from_str(&format!("localhost:{}", self.address.port())).map_err(io::Error::other)?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(request)
    }

    fn judge(&mut self, answer: Answer) -> Result<Fetched, SourceError> {
        match answer.status() {
            StatusCode::OK if answer.body().is_empty() => Ok(self.nothing("nothing is deployed".to_owned())),
            StatusCode::OK => Ok(self.content(answer)),
            StatusCode::NOT_FOUND => Ok(self.nothing(said(answer.body()))),
            status => Err(SourceError::AgentFailed { status: status.as_u16(), source: said(answer.body()).into() }),
        }
    }

    fn nothing(&mut self, missing: String) -> Fetched {
        self.last = None;
        Fetched::Nothing { missing }
    }

    fn content(&mut self, answer: Answer) -> Fetched {
        let (parts, bytes) = answer.into_parts();
        let digest = Digest::of(&bytes);
        if self.last.replace(digest) == Some(digest) {
            return Fetched::Unchanged;
        }
        Fetched::Content { bytes, label: label(&parts.headers) }
    }
}

impl Source for Agent {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        INTERVAL
    }

    fn forget(&mut self) {
        self.last = None;
    }

    async fn fetch(&mut self) -> Result<Fetched, SourceError> {
        match self.ask().await {
            Ok(answer) => self.judge(answer),
            Err(source) => Err(SourceError::AgentUnreachable { port: self.address.port(), source }),
        }
    }
}

/// The documentation says `localhost`, which is either of two addresses.
async fn dial(port: u16) -> io::Result<TcpStream> {
    match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
        Err(error) => TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.map_err(|_| error),
        connected => connected,
    }
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

/// What its publisher called the version. The agent's documentation says that a header tells it, and not which: this is
/// the one of AppConfig itself.
fn label(headers: &HeaderMap) -> Option<String> {
    let label = headers.get("version-label")?.to_str().ok()?;
    (!label.is_empty()).then(|| label.to_owned())
}

/// The agent's own words.
fn said(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SAID)]);
    if text.trim().is_empty() { "the agent does not say why".to_owned() } else { text.trim().to_owned() }
}
