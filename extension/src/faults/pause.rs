//! `pause`: stops a streamed answer for a while, once so many bytes of it passed.

use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PlannedStep};
use tokio::time::Instant;

use super::{Scene, delay};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Pause;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Waits. Ends early as a delay does: with the experiment, and 100 ms before Lambda's deadline.
pub(super) async fn carry_out(duration: Duration, step: &PlannedStep, scene: Scene<'_>) {
    let begun = Instant::now();
    if let Err(why) = delay::hold(duration, scene).await {
        scene.ended(&step.policy, &step.step, begun.elapsed(), why);
    }
}
