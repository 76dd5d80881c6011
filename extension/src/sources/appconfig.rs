//! AWS AppConfig, asked over HTTP with requests that the layer signs itself: there are two, and the SDK that could make
//! them would be a large part of the layer.
//!
//! A session hands out tokens that are good for one call and for 24 hours: each answer, an empty one too, brings the
//! next token and the time to wait. A token whose answer was lost may be used up, so the session is given up with it.
//! <https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html>

mod call;
mod client;
mod credentials;
mod endpoint;
mod refusal;
mod tls;

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use self::call::{Call, GET, START};
use self::client::{Client, Failure};
use self::endpoint::Endpoint;
use super::exchange::Answer;
use super::{Fetched, Source, SourceError};
use crate::clock::Clock;
use crate::settings::{AwsSettings, HostedAddress};

#[cfg(test)]
mod tests;

/// However many calls it takes: a fetch that was longer under way slept through a freeze.
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);
/// What AppConfig asks for unless a deployment says otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
/// What an answer may ask for, in seconds.
const INTERVALS: std::ops::RangeInclusive<u64> = 1..=24 * 60 * 60;
const NEXT_TOKEN: &str = "next-poll-configuration-token";
const NEXT_INTERVAL: &str = "next-poll-interval-in-seconds";
const VERSION_LABEL: &str = "version-label";

/// A configuration profile of AWS AppConfig.
pub struct AppConfig {
    name: String,
    client: Client,
    token: Option<Token>,
    interval: Duration,
}

/// Good for one call.
struct Token {
    text: String,
    /// Whether the session has not answered yet: its first empty answer means that nothing is deployed.
    is_first: bool,
    /// Whether it was refused for coming too early: once more, and the session is given up.
    was_early: bool,
}

impl AppConfig {
    /// A source that starts its session at the first fetch; nothing is sent yet, and no credentials are looked for.
    pub fn open(address: HostedAddress, region: &str, aws: AwsSettings, clock: Clock) -> Self {
        let name = address.to_string();
        Self { name, client: Client::new(address, region, aws, clock), token: None, interval: DEFAULT_INTERVAL }
    }

    /// One fetch, with the token at hand or with a new session. The token leaves `self` for good: only an answer, or
    /// proof that it was not used, puts one back.
    async fn ask_in_session(&mut self) -> Result<Fetched, Failure> {
        let endpoint = self.client.endpoint().await.map_err(Failure::Unused)?;
        let Some(token) = self.token.take() else { return self.ask_anew(&endpoint).await };
        let was_early = token.was_early;
        match self.ask(&endpoint, token).await {
            Err(Failure::TokenRefused(_)) => self.ask_anew(&endpoint).await,
            Err(Failure::TooEarly) if was_early => self.ask_anew(&endpoint).await,
            answer => answer,
        }
    }

    async fn ask_anew(&mut self, endpoint: &Endpoint) -> Result<Fetched, Failure> {
        let token = self.start_session(endpoint).await?;
        self.ask(endpoint, token).await
    }

    async fn start_session(&mut self, endpoint: &Endpoint) -> Result<Token, Failure> {
        let address = self.client.address().clone();
        let answer = self.client.call(endpoint, Call::Start(&address)).await;
        let answer = answer.map_err(|failure| match failure {
            Failure::TokenRefused(said) => {
                Failure::Lost(SourceError::ServiceFailed { action: START, status: 400, source: said.into() })
            }
            other => other,
        })?;
        let session: Session = serde_json::from_slice(answer.body()).map_err(|_| no_token(START))?;
        Ok(Token { text: session.initial_configuration_token, is_first: true, was_early: false })
    }

    async fn ask(&mut self, endpoint: &Endpoint, token: Token) -> Result<Fetched, Failure> {
        match self.client.call(endpoint, Call::Get { token: &token.text }).await {
            Ok(answer) => self.accept(answer, token.is_first),
            Err(failure) => {
                self.token = token.after(&failure);
                Err(failure)
            }
        }
    }

    fn accept(&mut self, answer: Answer, is_first: bool) -> Result<Fetched, Failure> {
        let header = |name: &str| answer.headers().get(name)?.to_str().ok().filter(|text| !text.is_empty());
        let (seconds, label) = (header(NEXT_INTERVAL), header(VERSION_LABEL).map(str::to_owned));
        self.interval = interval(seconds);
        let text = header(NEXT_TOKEN).ok_or_else(|| no_token(GET))?.to_owned();
        self.token = Some(Token { text, is_first: false, was_early: false });
        Ok(match (answer.body().is_empty(), is_first) {
            (true, true) => Fetched::Nothing { missing: "nothing is deployed".to_owned() },
            (true, false) => Fetched::Unchanged,
            (false, _) => Fetched::Content { bytes: answer.into_body(), label },
        })
    }
}

/// What StartConfigurationSession answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Session {
    initial_configuration_token: String,
}

impl Token {
    /// What is left of it after a call with it failed.
    fn after(self, failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Unused(_) => Some(self),
            Failure::TooEarly => Some(Self { was_early: true, ..self }),
            Failure::TokenRefused(_) | Failure::Missing(_) | Failure::Lost(_) => None,
        }
    }
}

impl Source for AppConfig {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn forget(&mut self) {
        self.token = None;
        self.client.forget();
    }

    async fn fetch(&mut self) -> Result<Fetched, SourceError> {
        let asked = timeout(FETCH_TIMEOUT, self.ask_in_session()).await;
        self.client.hang_up();
        match asked {
            Ok(Ok(fetched)) => Ok(fetched),
            Ok(Err(failure)) => failure.into_answer(self.interval),
            Err(late) => Err(SourceError::Unreachable { action: GET, source: late.into() }),
        }
    }
}

impl Failure {
    fn into_answer(self, interval: Duration) -> Result<Fetched, SourceError> {
        Err(match self {
            Self::Missing(missing) => return Ok(Fetched::Nothing { missing }),
            Self::TokenRefused(said) => SourceError::ServiceFailed { action: GET, status: 400, source: said.into() },
            Self::TooEarly => SourceError::TooEarly { action: GET, retry_after: interval },
            Self::Unused(error) | Self::Lost(error) => error,
        })
    }
}

impl fmt::Debug for AppConfig {
    /// Without the token, which is good for whoever has it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AppConfig({})", self.name)
    }
}

fn no_token(action: &'static str) -> Failure {
    Failure::Lost(SourceError::Unreachable { action, source: "the answer holds no token".into() })
}

/// What the service asks for, within a second and a day; where it does not say, its own default.
fn interval(seconds: Option<&str>) -> Duration {
    let seconds = seconds.and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.map_or(DEFAULT_INTERVAL, |seconds: u64| {
        Duration::from_secs(seconds.clamp(*INTERVALS.start(), *INTERVALS.end()))
    })
}
