//! Lines of the layer itself, and of which experiment is in force.

use misrule_engine::digest::Digest;
use misrule_engine::time::Timestamp;
use serde::Serialize;

use super::{is_all, is_none, optional_text, text};

/// See [`Line::Start`](super::Line::Start).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// The layer's version.
    pub layer: &'static str,
    /// Where it listens.
    pub port: u16,
    /// Where experiments come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// The function's name.
    pub function: String,
}

/// See [`Line::RuntimeConnected`](super::Line::RuntimeConnected).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuntimeConnected {}

/// See [`Line::SettingWrong`](super::Line::SettingWrong).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingWrong {
    /// The variable's name.
    pub variable: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// See [`Line::PassThrough`](super::Line::PassThrough).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassThrough {
    /// Why nothing can be injected.
    pub reason: String,
}

/// See [`Line::LinesLost`](super::Line::LinesLost).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinesLost {
    /// How many, since such a line was written last.
    pub count: u64,
}

/// See [`Line::Loaded`](super::Line::Loaded).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loaded {
    /// The experiment's name.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// The policy's name.
    pub policy: String,
    /// `shipped` and `came_along`: a native image, of the layer or of the bundle. `kept`: another policy has it, or the
    /// version before. `compiled`: none of these.
    pub code: &'static str,
    /// Why an image that there was could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// See [`Line::Armed`](super::Line::Armed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Armed {
    /// The experiment's name.
    pub experiment: String,
    /// The source's label, or the start of the delivery's digest.
    pub version: String,
    /// What the experiment is to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypothesis: Option<String>,
    /// The policies in their order.
    pub policies: Vec<PolicyDigest>,
    /// When it starts; none where it already has.
    #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
    /// When it ends.
    #[serde(serialize_with = "text")]
    pub expires: Timestamp,
    /// Whether nothing vouches for who wrote it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// The id of the key that signed it, one of the layer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The largest share of invocations, from 0 to 1, that a policy is asked about.
    #[serde(skip_serializing_if = "is_all")]
    pub rate: f64,
    /// From the start of the refresh that brought it until it was in force, in milliseconds.
    pub took_ms: u64,
    /// Invocations that waited for it: they are decided under it.
    #[serde(skip_serializing_if = "is_none")]
    pub waiting: usize,
}

/// A policy and which component it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyDigest {
    /// The policy's name.
    pub policy: String,
    /// Its component's digest.
    #[serde(serialize_with = "text")]
    pub policy_digest: Digest,
}

/// See [`Line::Disarmed`](super::Line::Disarmed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disarmed {
    /// The experiment that was in force.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// Why it no longer is.
    pub reason: String,
}

/// See [`Line::Stopped`](super::Line::Stopped).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stopped {
    /// The experiment's name.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// Invocations whose handler failed.
    pub errors: u64,
    /// Invocations that a handler answered.
    pub invocations: u64,
    /// Over how long they were counted, in milliseconds.
    pub over_ms: u64,
    /// Why it stopped, and for how long.
    pub reason: String,
}

/// See [`Line::Halted`](super::Line::Halted).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Halted {
    /// The halting delivery's version.
    pub version: String,
}

/// See [`Line::NothingDeployed`](super::Line::NothingDeployed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NothingDeployed {
    /// The source.
    pub source: String,
    /// What is missing.
    pub reason: String,
}

/// See [`Line::Refused`](super::Line::Refused).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refused {
    /// The source that delivered it.
    pub source: String,
    /// The delivery's version.
    pub version: String,
    /// What is wrong with it, from the outside in.
    pub reason: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// See [`Line::OutsideBlastRadius`](super::Line::OutsideBlastRadius).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutsideBlastRadius {
    /// The experiment's name.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// This function.
    pub function: String,
    /// This region.
    pub region: String,
    /// This account, where the experiment names accounts and this one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// See [`Line::Stale`](super::Line::Stale).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stale {
    /// The experiment's name.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// How old the last successful refresh is, in milliseconds.
    pub age_ms: u64,
    /// How old it may be, in milliseconds.
    pub max_age_ms: u64,
}

/// See [`Line::SourceFailed`](super::Line::SourceFailed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceFailed {
    /// The source.
    pub source: String,
    /// What went wrong, from the outside in.
    pub reason: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long until the next attempt, in milliseconds.
    pub retry_ms: u64,
}

/// See [`Line::SourceRecovered`](super::Line::SourceRecovered).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceRecovered {
    /// The source.
    pub source: String,
    /// How many attempts had failed in a row.
    pub failures: u32,
}
