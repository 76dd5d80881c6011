//! `burn-cpu`: takes CPU time away from the function, in a process of its own.

use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};

use super::{Effect, FaultError, Scene, stressor};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::BurnCpu;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Burns so much CPU time beside the handler, all cores together, or less where the invocation ends first.
///
/// # Errors
/// Where the process that burns it cannot be started.
pub async fn carry_out(duration: Duration, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let stressor = scene.lasting.stress(stressor::CPU, milliseconds).await?;
    scene.lasting.hold(stressor, &Step::BurnCpu(duration), policy, scene);
    Ok(Effect::Done)
}
