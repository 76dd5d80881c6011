//! `hang`: never answers. The runtime does not see the event (before), or Lambda the answer (after): Lambda's own timeout
//! ends the invocation, and with it the runtime.

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};
use tokio::time::Instant;

use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Hang;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Waits until the experiment ends; then the event, or the answer, goes its way. Unlike a delay it heeds no deadline.
/// Lambda ends the runtime at its timeout, and whoever waits here goes with the runtime's connection.
///
/// # Errors
/// None.
pub async fn carry_out(_none: (), policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let begun = Instant::now();
    let why = scene.control.ended(scene.armed).await;
    scene.ended(policy, &Step::Hang, begun.elapsed(), why);
    Ok(Effect::Done)
}
