//! Why a hook was ended: limits and mistakes, told apart by type.

use std::fmt;

use wasmtime::Trap;

use super::state::Allowance;
use crate::limits::{self, Limit};

/// Why a guest's call ended without a result. Nothing of what it asked for stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Out of fuel, of which it had so much: an endless loop, or host work on too much data.
    Fuel(Limit),
    /// More than so much CPU time: the backstop behind fuel.
    CpuTime(Limit),
    /// More memory than a policy may have.
    Memory,
    /// More steps, or larger ones, than a plan may have.
    Plan,
    /// More bytes handed to the host than a hook may.
    HostCopy,
    /// The guest panicked or aborted; its own last words are in the log.
    Panic,
    /// The call stack overflowed, or the guest left its memory some other way.
    Stack,
    /// A function was called where the contract does not allow it.
    Contract(String),
    /// Another trap, in the host's words.
    Trap(String),
}

impl Cause {
    /// One word for log lines and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fuel(_) => "fuel",
            Self::CpuTime(_) => "cpu-time",
            Self::Memory => "memory",
            Self::Plan => "plan",
            Self::HostCopy => "host-copy",
            Self::Panic => "panic",
            Self::Stack => "stack",
            Self::Contract(_) => "contract",
            Self::Trap(_) => "trap",
        }
    }

    /// What a failed call means that might use up so much. `refused_memory` says whether the guest was refused memory during
    /// the call.
    pub(super) fn of(error: &wasmtime::Error, allowance: Allowance, refused_memory: bool) -> Self {
        if let Some(Ended(cause)) = error.downcast_ref() {
            return cause.clone();
        }
        match error.downcast_ref::<Trap>() {
            _ if refused_memory => Self::Memory,
            Some(Trap::OutOfFuel) => Self::Fuel(allowance.fuel),
            Some(Trap::Interrupt) => Self::CpuTime(allowance.cpu),
            // Rust keeps its stack below its data: overflowing it leaves the memory at the lower end.
            Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => Self::Stack,
            Some(Trap::UnreachableCodeReached) => Self::Panic,
            Some(trap) => Self::Trap(trap.to_string()),
            None => Self::Trap(error.root_cause().to_string()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let over =
            |formatter: &mut fmt::Formatter<'_>, limit: &Limit| write!(formatter, "more than {limit} ({})", limit.name);
        match self {
            Self::Fuel(limit) | Self::CpuTime(limit) => over(formatter, limit),
            Self::Memory => over(formatter, &limits::GUEST_MEMORY),
            Self::Plan => write!(formatter, "more than {} or {}", limits::PLAN_STEPS, limits::PLAN_BYTES),
            Self::HostCopy => over(formatter, &limits::HOST_COPY),
            Self::Panic => formatter.write_str("the policy panicked"),
            Self::Stack => formatter.write_str("the policy's call stack overflowed, or it left its memory"),
            Self::Contract(what) | Self::Trap(what) => formatter.write_str(what),
        }
    }
}

/// A cause on its way through wasmtime.
#[derive(Debug)]
pub(super) struct Ended(pub(super) Cause);

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Ended {}

impl From<Cause> for wasmtime::Error {
    fn from(cause: Cause) -> Self {
        Self::new(Ended(cause))
    }
}
