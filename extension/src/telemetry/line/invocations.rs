//! Lines of single invocations: what was decided, and what became of it.

use misrule_engine::digest::Digest;
use serde::Serialize;

use super::{Level, optional_text};

/// Which decision a line is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct About {
    /// Lambda's request id.
    pub request_id: String,
    /// The experiment's name.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// The policy's name.
    pub policy: String,
    /// Its component's digest.
    #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub policy_digest: Option<Digest>,
    /// `before` or `after`.
    pub hook: String,
}

/// See [`Line::Injected`](super::Line::Injected) and [`Line::WouldHave`](super::Line::WouldHave).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Faults {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The kinds of the policy's steps, in their order: what it asked for. Of one that fails there is a line besides.
    pub faults: Vec<&'static str>,
    /// What each delay and pause among them is to take, in milliseconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delays_ms: Vec<u64>,
    /// The invocation's seed.
    pub seed: String,
    /// How long all policies of the hook took together, in microseconds.
    pub decision_us: u64,
    /// The policy's own reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// See [`Line::Injected`](super::Line::Injected).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Injected(pub Faults);

/// See [`Line::WouldHave`](super::Line::WouldHave).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WouldHave(pub Faults);

/// See [`Line::Forbidden`](super::Line::Forbidden).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forbidden {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The policy's reason.
    pub reason: String,
}

/// See [`Line::Cut`](super::Line::Cut).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cut {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// What the policy asked for, in milliseconds.
    pub wanted_ms: u64,
    /// What is left of it, in milliseconds.
    pub allowed_ms: u64,
    /// Why.
    pub reason: String,
    /// For how many such cuts the line stands: the kind is told once a minute at most.
    pub count: u64,
}

/// See [`Line::RefusedStep`](super::Line::RefusedStep).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefusedStep {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// Why.
    pub reason: String,
    /// For how many such steps the line stands: the kind is told once a minute at most.
    pub count: u64,
}

/// See [`Line::Trapped`](super::Line::Trapped).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trapped {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The limit or mistake, in one word.
    pub cause: &'static str,
    /// A sentence that names it.
    pub reason: String,
}

/// See [`Line::PolicyDisabled`](super::Line::PolicyDisabled).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyDisabled {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// Why.
    pub reason: String,
}

/// See [`Line::PolicySaid`](super::Line::PolicySaid).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicySaid {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// How urgent; the line's own level.
    #[serde(skip)]
    pub level: Level,
    /// The policy's words.
    pub message: String,
}

/// See [`Line::FaultEnded`](super::Line::FaultEnded).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultEnded {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// Of a delay or a pause that counted as injected: how long it was to take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_ms: Option<u64>,
    /// How long it took, in milliseconds; 0 where it was not begun.
    pub took_ms: u64,
    /// Why.
    pub reason: String,
}

/// See [`Line::FaultFailed`](super::Line::FaultFailed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultFailed {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// What went wrong, from the outside in.
    pub reason: String,
    /// For how many such faults the line stands: the kind is told once a minute at most.
    pub count: u64,
}

/// See [`Line::Failed`](super::Line::Failed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failed {
    /// Which part of the layer.
    pub part: &'static str,
    /// The invocation that it happened in, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What went wrong, from the outside in.
    pub reason: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// For how many such failures the line stands: the kind is told once a minute at most.
    pub count: u64,
}
