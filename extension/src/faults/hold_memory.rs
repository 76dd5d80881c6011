//! `hold-memory`: takes memory away from the function, in a process of its own.

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};

use super::{Effect, FaultError, Scene, stressor};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::HoldMemory;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Holds so many bytes until the invocation ends; the event waits until they are held. Where the environment runs out of
/// memory meanwhile, the kernel ends the process that holds them first.
///
/// # Errors
/// Where that process cannot be started, or the kernel ended it before it held them.
pub async fn carry_out(bytes: u64, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let stressor = scene.lasting.stress(stressor::MEMORY, bytes).await?;
    scene.lasting.hold(stressor, &Step::HoldMemory(bytes), policy, scene);
    Ok(Effect::Done)
}
