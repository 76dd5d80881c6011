//! Each kind of line that the layer writes, as a type: a line cannot lack a field or grow a secret.
//!
//! No bodies, header values or policy settings stand in any of them.

use misrule_engine::digest::Digest;
use misrule_engine::time::Timestamp;
use serde::{Serialize, Serializer};

/// How urgent a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever writes a policy.
    Debug,
    /// What an experiment does.
    Info,
    /// Something is off; the experiment may go on.
    Warn,
    /// Something failed; nothing is injected where it did.
    Error,
}

macro_rules! lines {
    ($($(#[doc = $doc:literal])* $line:ident($fields:ident) = $name:literal, $level:ident;)*) => {
        /// One line of the log.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Line { $($(#[doc = $doc])* $line($fields)),* }

        impl Line {
            /// The names of all lines, in the order of their table.
            pub const NAMES: &[&str] = &[$($name),*];

            /// What each means, in the same order.
            pub const MEANINGS: &[&str] = &[$(concat!($($doc),*)),*];

            /// What stands under `misrule` in the line.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$line(_) => $name),* }
            }

            const fn level_of_kind(&self) -> Level {
                match self { $(Self::$line(_) => Level::$level),* }
            }
        }

        $(impl From<$fields> for Line {
            fn from(fields: $fields) -> Self { Self::$line(fields) }
        })*
    };
}

lines! {
    /// The layer listens.
    Start(Start) = "start", Info;
    /// A runtime asked for an event through the layer: the wrapper is in place. Once for each environment.
    RuntimeConnected(RuntimeConnected) = "runtime_connected", Info;
    /// A variable of the environment is wrong.
    SettingWrong(SettingWrong) = "setting_wrong", Error;
    /// The layer is a plain pass-through, for as long as this environment lives.
    PassThrough(PassThrough) = "pass_through", Info;
    /// A policy's machine code is at hand, or was made.
    Loaded(Loaded) = "loaded", Debug;
    /// An experiment is in force from the next invocation on.
    Armed(Armed) = "armed", Info;
    /// No experiment is in force any more.
    Disarmed(Disarmed) = "disarmed", Info;
    /// So many handlers failed that the experiment version injects nothing more in this environment.
    Stopped(Stopped) = "stopped", Warn;
    /// A delivery said that nothing may inject.
    Halted(Halted) = "halted", Info;
    /// The source has nothing for this function.
    NothingDeployed(NothingDeployed) = "nothing_deployed", Info;
    /// A delivery is no experiment that this layer may arm.
    Refused(Refused) = "refused", Warn;
    /// A delivery does not concern this function.
    OutsideBlastRadius(OutsideBlastRadius) = "outside_blast_radius", Info;
    /// The experiment's last successful refresh is too old: nothing is injected until the next one.
    Stale(Stale) = "stale", Warn;
    /// The source could not be asked.
    SourceFailed(SourceFailed) = "source_failed", Warn;
    /// The source answers again.
    SourceRecovered(SourceRecovered) = "source_recovered", Info;
    /// A policy's faults are carried out on an invocation.
    Injected(Injected) = "injected", Info;
    /// A policy's faults would be carried out, were this no dry run.
    WouldHave(WouldHave) = "would_have", Info;
    /// A policy forbade every fault on an invocation.
    Forbidden(Forbidden) = "forbidden", Info;
    /// A delay was shortened.
    Cut(Cut) = "cut", Info;
    /// A step was dropped.
    RefusedStep(RefusedStep) = "refused_step", Warn;
    /// A policy trapped: nothing of its hook stands.
    Trapped(Trapped) = "trapped", Error;
    /// A policy is not asked again under this experiment version.
    PolicyDisabled(PolicyDisabled) = "policy_disabled", Error;
    /// A policy logged something. Its level is the policy's own.
    PolicySaid(PolicySaid) = "policy_said", Info;
    /// A fault ended early, or was not begun, because its experiment ended.
    FaultEnded(FaultEnded) = "fault_ended", Info;
    /// A fault could not be carried out: the invocation went on without.
    FaultFailed(FaultFailed) = "fault_failed", Error;
    /// Something in the layer failed: the invocation went on as if the layer were not there.
    Failed(Failed) = "failed", Error;
}

impl Line {
    /// How urgent the line is.
    pub const fn level(&self) -> Level {
        match self {
            Self::PolicySaid(said) => said.level,
            line => line.level_of_kind(),
        }
    }
}

/// See [`Line::Start`].
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

/// See [`Line::RuntimeConnected`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuntimeConnected {}

/// See [`Line::SettingWrong`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingWrong {
    /// The variable's name.
    pub variable: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// See [`Line::PassThrough`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassThrough {
    /// Why nothing can be injected.
    pub reason: String,
}

/// See [`Line::Loaded`].
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

/// See [`Line::Armed`].
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

/// See [`Line::Disarmed`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disarmed {
    /// The experiment that was in force.
    pub experiment: String,
    /// Its version.
    pub version: String,
    /// Why it no longer is.
    pub reason: String,
}

/// See [`Line::Stopped`].
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

/// See [`Line::Halted`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Halted {
    /// The halting delivery's version.
    pub version: String,
}

/// See [`Line::NothingDeployed`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NothingDeployed {
    /// The source.
    pub source: String,
    /// What is missing.
    pub reason: String,
}

/// See [`Line::Refused`].
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

/// See [`Line::OutsideBlastRadius`].
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

/// See [`Line::Stale`].
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

/// See [`Line::SourceFailed`].
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

/// See [`Line::SourceRecovered`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceRecovered {
    /// The source.
    pub source: String,
    /// How many attempts had failed in a row.
    pub failures: u32,
}

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

/// See [`Line::Injected`] and [`Line::WouldHave`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Faults {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The kinds of the policy's steps, in their order.
    pub faults: Vec<&'static str>,
    /// What each delay among them is to take, in milliseconds.
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

/// See [`Line::Injected`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Injected(pub Faults);

/// See [`Line::WouldHave`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WouldHave(pub Faults);

/// See [`Line::Forbidden`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forbidden {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The policy's reason.
    pub reason: String,
}

/// See [`Line::Cut`].
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

/// See [`Line::RefusedStep`].
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

/// See [`Line::Trapped`].
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

/// See [`Line::PolicyDisabled`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyDisabled {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// Why.
    pub reason: String,
}

/// See [`Line::PolicySaid`].
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

/// See [`Line::FaultEnded`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultEnded {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// Of a delay: how long it was to take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_ms: Option<u64>,
    /// How long it took, in milliseconds; 0 where it was not begun.
    pub took_ms: u64,
    /// Why.
    pub reason: String,
}

/// See [`Line::FaultFailed`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultFailed {
    /// Which decision.
    #[serde(flatten)]
    pub about: About,
    /// The fault's kind.
    pub fault: &'static str,
    /// What went wrong, from the outside in.
    pub reason: String,
}

/// See [`Line::Failed`].
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
}

fn text<S: Serializer, T: std::fmt::Display>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Whether a share is no restriction.
fn is_all(share: &f64) -> bool {
    *share >= 1.0
}

fn optional_text<S: Serializer, T: std::fmt::Display>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

impl From<crate::settings::SettingError> for Line {
    fn from(error: crate::settings::SettingError) -> Self {
        let (variable, hint) = (error.variable().to_owned(), error.hint().to_owned());
        Self::SettingWrong(SettingWrong { variable, reason: error.to_string(), hint })
    }
}
