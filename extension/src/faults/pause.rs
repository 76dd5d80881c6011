//! `pause`: stops a streamed answer for a while, once so many bytes of it passed.

use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PlannedStep};
use tokio::time::Instant;

use super::{Row, Scene, delay};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Pause;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, streamed answers",
    seen: "the stream, with a gap",
    undone: "it ends 100 ms before the deadline, or with its experiment",
};

/// Waits. Ends early as a delay does: with the experiment, and 100 ms before Lambda's deadline.
pub(super) async fn carry_out(duration: Duration, step: &PlannedStep, scene: Scene<'_>) {
    let begun = Instant::now();
    if let Err(why) = delay::hold(duration, scene).await {
        scene.ended(&step.policy, &step.step, begun.elapsed(), why);
    }
}

#[cfg(test)]
mod tests {
    use misrule_engine::decision::Step;

    use super::super::staged::{DIRECT, Stage, planned};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_takes_what_was_asked_and_nothing_once_the_experiment_is_over() {
        let duration = Duration::from_millis(2_500);
        let (stage, step) = (Stage::after(DIRECT, ""), planned(Step::Pause { after_bytes: 0, duration }));
        let begun = Instant::now();
        carry_out(duration, &step, stage.scene()).await;
        assert_eq!(begun.elapsed(), duration);
        carry_out(duration, &step, stage.over().scene()).await;
        assert_eq!(begun.elapsed(), duration);
    }
}
