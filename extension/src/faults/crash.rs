//! `crash`: makes the runtime exit. What it waits for breaks off after its head, at which AWS's runtime clients end their
//! process with status 1; Lambda reports `Runtime.ExitError`, and starts the environment again.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Crash;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Breaks off the answer in which the runtime waits for the event, and closes its connection.
///
/// # Errors
/// None.
pub async fn carry_out(_none: (), _policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    Ok(Effect::Crash)
}
