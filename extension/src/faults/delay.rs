//! `delay`: holds the event, or the answer, back.

use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};
use misrule_engine::limits::DEADLINE_MARGIN;
use misrule_engine::time::Timestamp;
use tokio::time::Instant;

use super::{Effect, FaultError, Row, Scene};
use crate::clock;
use crate::control::Why;

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Delay;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any",
    seen: "the answer, later; Lambda bills the time",
    undone: "nothing: it ends 100 ms before the deadline, or with its experiment",
};

/// How often a delay looks at the wall clock, which the deadline is written in and which may jump.
const LOOK: Duration = Duration::from_secs(1);

/// Waits. Ends early when the experiment does, and 100 ms before Lambda's deadline whatever became of the clock.
///
/// # Errors
/// None.
pub async fn carry_out(duration: &Duration, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let begun = Instant::now();
    if let Err(why) = hold(*duration, scene).await {
        scene.ended(policy, &Step::Delay(*duration), begun.elapsed(), why);
    }
    Ok(Effect::Done)
}

/// Waits so long, or until 100 ms before Lambda's deadline. Where the experiment ends before, it says why.
pub(super) async fn hold(duration: Duration, scene: Scene<'_>) -> Result<(), Why> {
    let latest = scene.invocation.head().deadline.minus(Duration::from_millis(DEADLINE_MARGIN.value));
    tokio::select! {
        () = wait(duration, latest, clock::now) => Ok(()),
        why = scene.control.ended(scene.armed) => Err(why),
    }
}

async fn wait(duration: Duration, latest: Timestamp, now: impl Fn() -> Timestamp) {
    let mut left = duration;
    loop {
        let next = left.min(latest.since(now())).min(LOOK);
        if next.is_zero() {
            return;
        }
        tokio::time::sleep(next).await;
        left -= next;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const START: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

    async fn waited(wanted_ms: u64, latest_ms: u64, jump: i64) -> Duration {
        let (begun, looks) = (Instant::now(), Cell::new(0));
        let now = || {
            let jumped = if looks.replace(looks.get() + 1) > 0 { jump } else { 0 };
            let wall = START.plus(begun.elapsed()).as_milliseconds();
            Timestamp::from_milliseconds(wall.saturating_add_signed(jumped))
        };
        wait(Duration::from_millis(wanted_ms), START.plus(Duration::from_millis(latest_ms)), now).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_takes_what_was_asked_and_stops_before_the_deadline() {
        const SIX_HOURS: i64 = 6 * 60 * 60 * 1000;
        for (name, wanted, latest, jump, expected) in [
            ("as asked", 2_500, 60_000, 0, 2_500),
            ("cut by the deadline", 60_000, 2_900, 0, 2_900),
            ("past the deadline", 500, 0, 0, 0),
            ("the clock jumps ahead", 60_000, 50_000, SIX_HOURS, 1_000),
            ("the clock jumps back", 2_500, 60_000, -SIX_HOURS, 2_500),
        ] {
            assert_eq!(waited(wanted, latest, jump).await, Duration::from_millis(expected), "{name}");
        }
    }
}
