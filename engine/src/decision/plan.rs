//! What was decided: the steps to carry out, and what there is to tell about them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{FaultKind, Step};

/// A policy's name, unique in its experiment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(Arc<str>);

impl PolicyName {
    /// A policy's name. That it is not empty and unique is checked where the experiment is read.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A step and the policy that asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// Who asked.
    pub policy: PolicyName,
    /// For what.
    pub step: Step,
}

/// The steps to carry out on one invocation in one hook, in order, already cut down by the guard. At most the last is
/// final.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    steps: Vec<PlannedStep>,
}

impl Plan {
    /// A plan of these steps.
    pub(crate) fn new(steps: Vec<PlannedStep>) -> Self {
        Self { steps }
    }

    /// The steps in the order in which they are carried out.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Why the guard shortened a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// The experiment's `max_delay`, all delays of the hook together.
    MaxDelay,
    /// Lambda's deadline, less the margin.
    Deadline,
}

impl fmt::Display for CutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MaxDelay => "the experiment's max_delay",
            Self::Deadline => "the invocation's deadline",
        })
    }
}

/// Why the guard dropped a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The experiment's blast radius does not allow this kind.
    NotAllowed,
    /// The event is no HTTP request, or of a kind that this layer cannot answer yet.
    NoHttpRequest,
    /// The event is no batch of records.
    NoBatch,
    /// The handler reported an error: there is no result to change.
    HandlerFailed,
    /// Other invocations share the execution environment.
    SharedEnvironment,
    /// With the steps before it, it takes more disk, memory or CPU time than the environment has.
    TooMuch,
    /// This layer does not carry the fault out, or not in this hook.
    NotCarriedOut,
    /// The experiment touched as many invocations within a minute as its `budget` allows.
    MinuteBudget,
    /// The experiment touched as many invocations in this environment as its `budget` allows.
    EnvironmentBudget,
    /// What its `budget` and `stop_when` go by cannot be kept where a restart of the environment's processes leaves it.
    NotKept,
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAllowed => "not among the experiment's faults",
            Self::NoHttpRequest => "the event is no HTTP request that can be answered",
            Self::NoBatch => "the event is no batch of records that can be reported one by one",
            Self::HandlerFailed => "the handler reported an error: there is no result to change",
            Self::SharedEnvironment => "other invocations share the environment",
            Self::TooMuch => "more than the environment has",
            Self::NotCarriedOut => "not carried out by this layer",
            Self::MinuteBudget => "the experiment's budget for this minute is spent",
            Self::EnvironmentBudget => "the experiment's budget for this environment is spent",
            Self::NotKept => "what is spent of the experiment's budget cannot be kept: a line `failed` says why",
        })
    }
}

/// How urgent a policy's own log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// For whoever follows the experiment.
    Info,
    /// Something is off.
    Warn,
    /// Something failed.
    Error,
}

/// Something to tell about a decision, beside its plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// About which policy.
    pub policy: PolicyName,
    /// What happened.
    pub what: NoteKind,
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteKind {
    /// The policy's reason for its plan.
    Because(String),
    /// The policy forbade every fault on this invocation.
    Forbidden(String),
    /// A delay was shortened.
    Cut {
        /// The fault.
        kind: FaultKind,
        /// What the policy asked for.
        wanted: Duration,
        /// What is left of it.
        allowed: Duration,
        /// Why.
        reason: CutReason,
    },
    /// A step was dropped.
    Refused {
        /// The fault.
        kind: FaultKind,
        /// Why.
        reason: RefusalReason,
    },
    /// The hook trapped: nothing of it stands.
    Trapped {
        /// The limit or mistake, in one word: `fuel`, `memory`, `plan`, `host-copy`, `panic`, ...
        cause: &'static str,
        /// A sentence that names it.
        detail: String,
    },
    /// The policy trapped once too often: it is not asked again under this experiment version.
    Disabled,
    /// The policy logged something.
    Said {
        /// How urgent.
        level: LogLevel,
        /// The policy's words.
        message: String,
    },
}

/// The outcome of asking every policy once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// What to carry out.
    pub plan: Plan,
    /// What to tell.
    pub notes: Vec<Note>,
    /// With this plan the invocation begins to count as touched, and something goes by that count: what the environment
    /// remembers has changed, and is to be kept before the plan is carried out.
    pub spends: bool,
}
