//! From an invocation to a plan: the catalogue of faults, seeds, the guard, and the enforcer that asks the policies.

#[cfg(feature = "sandbox")]
mod arm;
#[cfg(feature = "sandbox")]
mod enforcer;
mod fault;
mod guard;
mod http_answer;
mod legal;
mod plan;
#[cfg(feature = "sandbox")]
mod record;
mod seed;
#[cfg(feature = "sandbox")]
mod sliding;

#[cfg(feature = "sandbox")]
pub use arm::{ArmError, Armoury};
#[cfg(feature = "sandbox")]
pub use enforcer::{Admission, Enforcer};
pub use fault::{FaultKind, FunctionError, Hook, Step, UnknownFault};
pub use guard::{Carries, Guard};
pub use http_answer::{HttpAnswer, IllegalAnswer};
pub use legal::IllegalStep;
pub use plan::{CutReason, Decision, LogLevel, Note, NoteKind, Plan, PlannedStep, PolicyName, RefusalReason};
#[cfg(feature = "sandbox")]
pub use record::{Records, RecordsError, Stopped};
pub use seed::{Chance, Seed, sticky};
