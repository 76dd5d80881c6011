use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::Shared;

/// A call of the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum DataCall {
    /// Gives a session's first token.
    StartConfigurationSession,
    /// Takes a token, gives what is deployed and the next token.
    GetLatestConfiguration,
}

/// What goes wrong with one call of the data plane. Where nothing else is said, the call is not carried out: its token
/// works still.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disturbance {
    /// The call is refused with this exception, such as 403 and `AccessDeniedException`.
    Refuse {
        /// The status of the answer.
        status: u16,
        /// What `x-amzn-ErrorType` names.
        exception: Cow<'static, str>,
    },
    /// The call is refused with 429 and `ThrottlingException`.
    Throttle {
        /// What `Retry-After` says, in seconds; the service sends none.
        retry_after: Option<u64>,
    },
    /// Somebody answers who is not AppConfig, such as a proxy: no exception is named, no request id given.
    Answer {
        /// The status of the answer.
        status: u16,
        /// Its body, as `text/html`.
        body: String,
    },
    /// The token is refused as the service refuses one.
    Token(TokenProblem),
    /// The connection is closed, as if the call had never come.
    DropBefore,
    /// The call is carried out, so that its token is used up; then the connection is closed without an answer.
    DropAfter,
    /// The call is carried out; of the body that `Content-Length` promises only so many bytes come.
    Truncate(usize),
    /// The call is carried out; in its answer this header has this value, or is missing.
    Header {
        /// The header's name, in any case.
        name: Cow<'static, str>,
        /// Its value, or none to leave it out.
        value: Option<String>,
    },
    /// The call is carried out; its answer comes so much later, by the machine's clock. In JSON, seconds.
    Slow(#[serde(deserialize_with = "seconds")] Duration),
    /// The call is read, and never answered.
    Hang,
}

impl Disturbance {
    /// An answer with this `Next-Poll-Interval-In-Seconds`, whatever it is. The service expects the interval that it
    /// was going to name.
    pub fn poll_interval(value: &str) -> Self {
        Self::Header { name: "Next-Poll-Interval-In-Seconds".into(), value: Some(value.to_owned()) }
    }
}

/// Why a token does not work, in the words of the service's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TokenProblem {
    /// It is unknown, or was used before. It does not work again.
    Corrupted,
    /// It is more than 24 hours old. It does not work again.
    Expired,
    /// It came before its time. It works later.
    PollIntervalNotSatisfied,
}

impl TokenProblem {
    /// The model's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Corrupted => "Corrupted",
            Self::Expired => "Expired",
            Self::PollIntervalNotSatisfied => "PollIntervalNotSatisfied",
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Corrupted => "Token not valid",
            Self::Expired => "Token has expired",
            Self::PollIntervalNotSatisfied => "Request too early",
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// The disturbances to come: each call takes the oldest that names it.
#[derive(Default)]
pub(super) struct Disturbances(VecDeque<(DataCall, Disturbance)>);

impl Disturbances {
    pub(super) fn push(&mut self, call: DataCall, disturbance: Disturbance) {
        self.0.push_back((call, disturbance));
    }

    pub(super) fn take(&mut self, call: DataCall) -> Option<Disturbance> {
        let oldest = self.0.iter().position(|(named, _)| *named == call)?;
        self.0.remove(oldest).map(|(_, disturbance)| disturbance)
    }
}

/// The data plane of an AppConfig, as [`AppConfig::data`](super::AppConfig::data) gives it.
pub struct DataPlane<'a>(pub(super) &'a Shared);

impl DataPlane<'_> {
    /// Disturbs the next call of this kind that nothing was planned for yet.
    pub fn next(&self, call: DataCall, disturbance: Disturbance) -> &Self {
        self.0.store().disturbances.push(call, disturbance);
        self
    }

    /// How many disturbances no call has met yet.
    pub fn pending(&self) -> usize {
        self.0.store().disturbances.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_takes_the_oldest_that_names_it() {
        let mut disturbances = Disturbances::default();
        disturbances.push(DataCall::GetLatestConfiguration, Disturbance::Hang);
        disturbances.push(DataCall::StartConfigurationSession, Disturbance::DropBefore);
        disturbances.push(DataCall::GetLatestConfiguration, Disturbance::Truncate(3));
        assert_eq!(disturbances.take(DataCall::StartConfigurationSession), Some(Disturbance::DropBefore));
        assert_eq!(disturbances.take(DataCall::StartConfigurationSession), None);
        assert_eq!(disturbances.take(DataCall::GetLatestConfiguration), Some(Disturbance::Hang));
        assert_eq!(disturbances.take(DataCall::GetLatestConfiguration), Some(Disturbance::Truncate(3)));
    }

    #[test]
    fn a_disturbance_can_be_said_in_json() {
        let said = |json| serde_json::from_str::<Disturbance>(json).unwrap();
        assert_eq!(said(r#"{"slow":0.25}"#), Disturbance::Slow(Duration::from_millis(250)));
        assert_eq!(said(r#""drop_after""#), Disturbance::DropAfter);
        assert_eq!(said(r#"{"token":"Expired"}"#), Disturbance::Token(TokenProblem::Expired));
        assert_eq!(said(r#"{"throttle":{}}"#), Disturbance::Throttle { retry_after: None });
        let interval = r#"{"header":{"name":"Next-Poll-Interval-In-Seconds","value":"0"}}"#;
        assert_eq!(said(interval), Disturbance::poll_interval("0"));
        assert!(serde_json::from_str::<Disturbance>(r#"{"slow":-1}"#).is_err());
    }
}
