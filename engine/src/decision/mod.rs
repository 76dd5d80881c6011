//! From an invocation to a plan: the catalogue of faults, seeds, the guard, and the enforcer that asks the policies.

mod fault;
mod plan;

pub use fault::{FaultKind, FunctionError, Hook, HttpAnswer, Step, UnknownFault};
pub use plan::{
    CutReason, Decision, LogLevel, Note, NoteKind, Plan, PlannedStep, PolicyName, RefusalReason,
};
