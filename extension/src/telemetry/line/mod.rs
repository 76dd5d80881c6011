//! Each kind of line that the layer writes, as a type: a line cannot lack a field or grow a secret.
//!
//! No bodies, header values or policy settings stand in any of them.

mod experiments;
mod invocations;

use serde::{Serialize, Serializer};

pub use experiments::*;
pub use invocations::*;

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
