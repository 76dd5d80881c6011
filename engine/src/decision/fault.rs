//! The catalogue of faults: what a policy can ask for, as data. Nothing here acts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::HttpAnswer;
use crate::invocation::{AnswerForm, Document};

/// The hook in which a policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Before the handler sees the event.
    Before,
    /// After the handler answered.
    After,
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])* $kind:ident = $name:literal;)*) => {
        /// The kind of a fault. Its name is the name of the contract's function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind { $($(#[doc = $doc])* $kind),* }

        impl FaultKind {
            /// Every kind, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The kind's name, as in the contract, in experiments and in log lines.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }
        }
    };
}

catalogue! {
    /// Hold the event or the answer back.
    Delay = "delay";
    /// Answer in the caller's own HTTP shape.
    RespondHttp = "respond-http";
    /// Answer with a JSON text.
    ReturnJson = "return-json";
    /// Report a function error.
    Fail = "fail";
    /// Never answer.
    Hang = "hang";
    /// Make the runtime exit.
    Crash = "crash";
    /// Replace or remove what stands at a JSON pointer.
    Edit = "edit";
    /// Set or remove an HTTP header.
    SetHeader = "set-header";
    /// Change the status of an answer.
    SetStatus = "set-status";
    /// Report records of a batch as failed.
    FailItems = "fail-items";
    /// Cut a buffered answer short.
    Truncate = "truncate";
    /// Overwrite bytes of a buffered answer with noise.
    Garble = "garble";
    /// Slow a streamed answer down.
    Throttle = "throttle";
    /// Stop a streamed answer for a while.
    Pause = "pause";
    /// End a streamed answer as a crash would.
    Cut = "cut";
    /// End a streamed answer with an error trailer.
    BreakOff = "break-off";
    /// Fill the disk until the invocation ends.
    FillDisk = "fill-disk";
    /// Hold memory until the invocation ends.
    HoldMemory = "hold-memory";
    /// Burn CPU until the invocation ends.
    BurnCpu = "burn-cpu";
    /// Let names fail to resolve until the invocation ends.
    BlockHosts = "block-hosts";
}

impl FaultKind {
    /// Whether it hits every invocation of the execution environment, and so is refused where others share it.
    pub const fn hits_the_whole_environment(self) -> bool {
        matches!(self, Self::Hang | Self::Crash | Self::FillDisk | Self::HoldMemory | Self::BurnCpu | Self::BlockHosts)
    }

    /// Whether a policy may ask for it: before the handler where there is no answer yet, else of an answer in this form.
    pub const fn may_be_asked(self, of: Option<AnswerForm>) -> bool {
        match of {
            None => !self.needs_an_answer(),
            Some(AnswerForm::Head) => matches!(self, Self::Delay | Self::Fail | Self::Hang),
            Some(AnswerForm::Whole) => self.changes_the_result() || self.answers_or_waits(),
            Some(AnswerForm::Streamed) => {
                matches!(self, Self::Delay | Self::Throttle | Self::Pause | Self::Cut | Self::BreakOff)
            }
        }
    }

    const fn needs_an_answer(self) -> bool {
        matches!(
            self,
            Self::SetStatus | Self::Truncate | Self::Garble | Self::Throttle | Self::Pause | Self::Cut | Self::BreakOff
        )
    }

    const fn answers_or_waits(self) -> bool {
        matches!(self, Self::RespondHttp | Self::ReturnJson | Self::Delay | Self::Fail | Self::Hang)
    }

    /// Whether it changes what the handler answered, so that there must be a result to change.
    pub const fn changes_the_result(self) -> bool {
        matches!(self, Self::Edit | Self::SetHeader | Self::SetStatus | Self::FailItems | Self::Truncate | Self::Garble)
    }

    /// Whether nothing may follow it in a plan.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::RespondHttp | Self::ReturnJson | Self::Fail | Self::Hang | Self::Crash)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let known = Self::ALL.iter().find(|kind| kind.name() == text);
        known.copied().ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

/// No fault has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault `{0}`")]
pub struct UnknownFault(pub String);

/// One fault with its parameters, as a policy asked for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Hold the event (before) or the answer (after) back.
    Delay(Duration),
    /// Answer in the caller's own HTTP shape. Final.
    RespondHttp(HttpAnswer),
    /// Answer with this JSON text. Final.
    ReturnJson(String),
    /// Report a function error. Final.
    Fail(FunctionError),
    /// Never answer. Final.
    Hang,
    /// Make the runtime exit. Final.
    Crash,
    /// Replace (JSON text) or remove what stands at the pointer.
    Edit {
        /// The event or answer, or its HTTP body.
        document: Document,
        /// An RFC 6901 pointer.
        pointer: String,
        /// JSON text; none removes.
        value: Option<String>,
    },
    /// Set or remove a header.
    SetHeader {
        /// The header's name, of any case.
        name: String,
        /// None removes.
        value: Option<String>,
    },
    /// Change the status of an answer.
    SetStatus(u16),
    /// Report these records of the batch as failed.
    FailItems(Vec<String>),
    /// Cut the decoded body to this many bytes.
    Truncate(u32),
    /// Overwrite this share of the decoded body's bytes with seeded noise.
    Garble(f64),
    /// Bytes per second of a streamed answer.
    Throttle(u32),
    /// Stop a streamed answer for a while.
    Pause {
        /// Bytes that pass first.
        after_bytes: u64,
        /// How long.
        duration: Duration,
    },
    /// End a streamed answer, truncated, after this many bytes.
    Cut(u64),
    /// End a streamed answer with an error trailer.
    BreakOff {
        /// Bytes that pass first.
        after_bytes: u64,
        /// The trailer's error type.
        error_type: String,
        /// The trailer's message.
        message: String,
    },
    /// Bytes of /tmp to fill.
    FillDisk(u64),
    /// Bytes of memory to hold.
    HoldMemory(u64),
    /// CPU time to burn.
    BurnCpu(Duration),
    /// Names that fail to resolve.
    BlockHosts(Vec<String>),
}

/// A function error that a policy made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// `errorType`, for example `Function.Injected`.
    pub error_type: String,
    /// `errorMessage`.
    pub message: String,
    /// `stackTrace`, a frame a line.
    pub stack: Vec<String>,
}

impl Step {
    /// The kind of this step.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Delay(_) => FaultKind::Delay,
            Self::RespondHttp(_) => FaultKind::RespondHttp,
            Self::ReturnJson(_) => FaultKind::ReturnJson,
            Self::Fail(_) => FaultKind::Fail,
            Self::Hang => FaultKind::Hang,
            Self::Crash => FaultKind::Crash,
            Self::Edit { .. } => FaultKind::Edit,
            Self::SetHeader { .. } => FaultKind::SetHeader,
            Self::SetStatus(_) => FaultKind::SetStatus,
            Self::FailItems(_) => FaultKind::FailItems,
            Self::Truncate(_) => FaultKind::Truncate,
            Self::Garble(_) => FaultKind::Garble,
            Self::Throttle(_) => FaultKind::Throttle,
            Self::Pause { .. } => FaultKind::Pause,
            Self::Cut(_) => FaultKind::Cut,
            Self::BreakOff { .. } => FaultKind::BreakOff,
            Self::FillDisk(_) => FaultKind::FillDisk,
            Self::HoldMemory(_) => FaultKind::HoldMemory,
            Self::BurnCpu(_) => FaultKind::BurnCpu,
            Self::BlockHosts(_) => FaultKind::BlockHosts,
        }
    }

    /// Whether it can be carried out only where the event is an HTTP request.
    pub const fn needs_http(&self) -> bool {
        matches!(
            self,
            Self::RespondHttp(_)
                | Self::SetHeader { .. }
                | Self::SetStatus(_)
                | Self::Edit { document: Document::Body, .. }
        )
    }

    /// How long it holds back, where it says so.
    pub const fn as_delay(&self) -> Option<Duration> {
        match self {
            Self::Delay(duration) | Self::Pause { duration, .. } => Some(*duration),
            _ => None,
        }
    }

    /// The same, holding back for so long, where it holds back.
    #[must_use]
    pub fn for_so_long(self, allowed: Duration) -> Self {
        match self {
            Self::Delay(_) => Self::Delay(allowed),
            Self::Pause { after_bytes, .. } => Self::Pause { after_bytes, duration: allowed },
            other => other,
        }
    }

    /// Bytes that the step's parameters take, roughly: what the limit on a plan's size counts.
    pub fn bytes(&self) -> usize {
        let texts = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        match self {
            Self::RespondHttp(answer) => {
                answer.body.len() + answer.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
            }
            Self::ReturnJson(json) => json.len(),
            Self::Fail(error) => error.error_type.len() + error.message.len() + texts(&error.stack),
            Self::Edit { pointer, value, .. } => pointer.len() + value.as_ref().map_or(0, String::len),
            Self::SetHeader { name, value } => name.len() + value.as_ref().map_or(0, String::len),
            Self::FailItems(names) | Self::BlockHosts(names) => texts(names),
            Self::BreakOff { error_type, message, .. } => error_type.len() + message.len(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = include_str!("../../../sdk/wit/policy.wit");

    #[test]
    fn each_kind_is_a_function_of_the_contract() {
        let faults = CONTRACT.split("interface faults {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
        let functions: Vec<_> = faults.lines().filter_map(|line| line.trim().split_once(": func(")).collect();
        let named: Vec<_> =
            functions.iter().map(|(name, _)| *name).filter(|n| !["because", "forbid"].contains(n)).collect();
        let kinds: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(named, kinds);
    }

    #[test]
    fn a_kind_reads_back_from_its_name() {
        for kind in FaultKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert_eq!("respond".parse::<FaultKind>().unwrap_err().to_string(), "there is no fault `respond`");
    }
}
