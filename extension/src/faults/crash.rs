//! `crash`: makes the runtime exit. It gets no event but sees its connection close, at which AWS's runtime clients end
//! their process with status 1; Lambda reports `Runtime.ExitError`, and starts the environment again.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Crash;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Closes the connection on which the runtime waits for the event.
///
/// # Errors
/// None.
pub async fn carry_out(_none: (), _policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    Ok(Effect::Crash)
}
