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

/// Whether CloudWatch counts the lines of a kind, and whether they name an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Not,
    OfFunction,
    OfExperiment,
}

macro_rules! lines {
    ($($(#[doc = $doc:literal])* $line:ident($fields:ident) = $name:literal, $level:ident, $counted:ident;)*) => {
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

            const fn counted(&self) -> Counted {
                match self { $(Self::$line(_) => Counted::$counted),* }
            }

            /// The metric that counts such lines, where they are counted.
            pub(super) const fn metric(&self) -> Option<&'static str> {
                match (self.counted(), self) {
                    (Counted::Not, _) => None,
                    $((_, Self::$line(_)) => Some(stringify!($line))),*
                }
            }

            /// The kinds that CloudWatch counts: the line's name and the metric's.
            pub const METRICS: &[(&str, Option<&str>)] =
                &[$(($name, match Counted::$counted { Counted::Not => None, _ => Some(stringify!($line)) })),*];

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
    Start(Start) = "start", Info, Not;
    /// A runtime asked for an event through the layer: the wrapper is in place. Once for each environment.
    RuntimeConnected(RuntimeConnected) = "runtime_connected", Info, Not;
    /// A variable of the environment is wrong.
    SettingWrong(SettingWrong) = "setting_wrong", Error, OfFunction;
    /// The layer is a plain pass-through, for as long as this environment lives.
    PassThrough(PassThrough) = "pass_through", Info, Not;
    /// Nobody read what the layer wrote, so lines were lost: so many.
    LinesLost(LinesLost) = "lines_lost", Warn, OfFunction;
    /// A policy's machine code is at hand, or was made.
    Loaded(Loaded) = "loaded", Debug, Not;
    /// An experiment is in force from the next invocation on.
    Armed(Armed) = "armed", Info, OfExperiment;
    /// No experiment is in force any more.
    Disarmed(Disarmed) = "disarmed", Info, OfExperiment;
    /// So many handlers failed that the experiment version injects nothing more in this environment.
    Stopped(Stopped) = "stopped", Warn, OfExperiment;
    /// A delivery said that nothing may inject.
    Halted(Halted) = "halted", Info, OfFunction;
    /// The source has nothing for this function.
    NothingDeployed(NothingDeployed) = "nothing_deployed", Info, Not;
    /// A delivery is no experiment that this layer may arm.
    Refused(Refused) = "refused", Warn, OfFunction;
    /// A delivery does not concern this function.
    OutsideBlastRadius(OutsideBlastRadius) = "outside_blast_radius", Info, Not;
    /// The experiment's last successful refresh is too old: nothing is injected until the next one.
    Stale(Stale) = "stale", Warn, OfExperiment;
    /// The source could not be asked.
    SourceFailed(SourceFailed) = "source_failed", Warn, OfFunction;
    /// The source answers again.
    SourceRecovered(SourceRecovered) = "source_recovered", Info, Not;
    /// A policy's faults are carried out on an invocation.
    Injected(Injected) = "injected", Info, OfExperiment;
    /// A policy's faults would be carried out, were this no dry run.
    WouldHave(WouldHave) = "would_have", Info, OfExperiment;
    /// A policy forbade every fault on an invocation.
    Forbidden(Forbidden) = "forbidden", Info, OfExperiment;
    /// A delay was shortened.
    Cut(Cut) = "cut", Info, OfExperiment;
    /// A step was dropped.
    RefusedStep(RefusedStep) = "refused_step", Warn, OfExperiment;
    /// A policy trapped: nothing of its hook stands.
    Trapped(Trapped) = "trapped", Error, OfExperiment;
    /// A policy is not asked again under this experiment version.
    PolicyDisabled(PolicyDisabled) = "policy_disabled", Error, OfExperiment;
    /// A policy logged something. Its level is the policy's own.
    PolicySaid(PolicySaid) = "policy_said", Info, Not;
    /// A fault ended early, or was not begun: its experiment or its stream ended, or what bounds its waiting was reached.
    FaultEnded(FaultEnded) = "fault_ended", Info, Not;
    /// A fault could not be carried out: the invocation went on without.
    FaultFailed(FaultFailed) = "fault_failed", Error, OfExperiment;
    /// Something in the layer failed: the invocation went on as if the layer were not there.
    Failed(Failed) = "failed", Error, OfFunction;
}

impl Line {
    /// Whether the line names an experiment.
    pub(super) const fn is_of_experiment(&self) -> bool {
        matches!(self.counted(), Counted::OfExperiment)
    }

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

fn is_none(count: &usize) -> bool {
    *count == 0
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
