//! `throttle`: slows a streamed answer down to so many bytes a second.

use std::time::Duration;

use misrule_engine::decision::{CutReason, FaultKind, Hook, PlannedStep, PolicyName, Step};
use tokio::time::Instant;

use super::streamed::Ground;
use super::{Row, delay};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Throttle;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, streamed answers",
    seen: "the stream at this pace",
    undone: "the rest passes as it comes once the experiment ends",
};

/// What passes at once is what may pass in this time: a trickle, and not a lump each second.
const PIECE: Duration = Duration::from_millis(50);

/// How far a stream may catch up that came later than it might have, as timers do.
const SLACK: Duration = Duration::from_millis(50);

/// A stream's pace. Of several in one plan the slowest counts.
#[derive(Debug)]
pub(super) struct Throttle {
    step: PlannedStep,
    bytes_per_second: u32,
    /// When all that passed may have passed.
    even: Option<Instant>,
    held: Duration,
    allowance: Duration,
}

/// It is over: the rest passes as it comes.
#[derive(Debug)]
pub(super) struct Lifted;

impl Throttle {
    /// The slowest among these steps.
    pub(super) fn slowest(steps: &[PlannedStep], allowance: Option<Duration>) -> Option<Self> {
        let throttles = steps.iter().filter_map(|step| match step.step {
            Step::Throttle(bytes_per_second) => Some((bytes_per_second, step)),
            _ => None,
        });
        let (bytes_per_second, step) = throttles.min_by_key(|(rate, _)| *rate)?;
        let (step, allowance) = (step.clone(), allowance.unwrap_or(Duration::MAX));
        Some(Self { step, bytes_per_second, even: None, held: Duration::ZERO, allowance })
    }

    /// Who wanted it.
    pub(super) fn policy(&self) -> &PolicyName {
        &self.step.policy
    }

    /// Bytes that pass in one go: at least one.
    pub(super) fn at_once(&self) -> u64 {
        let pieces = u64::try_from(Duration::from_secs(1).as_millis() / PIECE.as_millis()).unwrap_or(1);
        (u64::from(self.bytes_per_second) / pieces).max(1)
    }

    /// How long these bytes have to wait now.
    fn wait(&mut self, bytes: usize, now: Instant) -> Duration {
        let Some(takes) = self.takes(bytes) else { return Duration::MAX };
        let from = self.even.unwrap_or(now).max(now.checked_sub(SLACK).unwrap_or(now));
        let even = from + takes;
        self.even = Some(even);
        even.saturating_duration_since(now)
    }

    /// None where they never pass.
    fn takes(&self, bytes: usize) -> Option<Duration> {
        let micros = (bytes as u64).saturating_mul(1_000_000).checked_div(u64::from(self.bytes_per_second))?;
        Some(Duration::from_micros(micros))
    }
}

/// Waits until these bytes may pass. Lifted with the experiment, 100 ms before Lambda's deadline, and where the experiment's
/// `max_delay` is spent: the line that says so tells how long it held the stream back in all.
pub(super) async fn carry_out(throttle: &mut Throttle, bytes: usize, ground: &Ground) -> Result<(), Lifted> {
    let begun = Instant::now();
    let wanted = throttle.wait(bytes, begun);
    let left = throttle.allowance.saturating_sub(throttle.held);
    let held = delay::hold(wanted.min(left), ground.scene()).await;
    throttle.held += begun.elapsed().min(wanted);
    let why = match held {
        Err(why) => why.to_string(),
        Ok(()) if wanted > left => CutReason::MaxDelay.to_string(),
        Ok(()) if ground.is_late() => CutReason::Deadline.to_string(),
        Ok(()) => return Ok(()),
    };
    ground.scene().ended(&throttle.step.policy, &throttle.step.step, throttle.held, why);
    Err(Lifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(rates: &[u32]) -> Throttle {
        let step = |rate: &u32| PlannedStep { policy: PolicyName::new("slow"), step: Step::Throttle(*rate) };
        Throttle::slowest(&rates.iter().map(step).collect::<Vec<_>>(), None).unwrap()
    }

    #[test]
    fn the_slowest_counts_and_a_byte_passes_at_least() {
        assert_eq!(
            (throttle(&[400, 100, 200]).at_once(), throttle(&[3]).at_once(), throttle(&[0]).at_once()),
            (5, 1, 1)
        );
        assert!(Throttle::slowest(&[], None).is_none());
    }

    #[test]
    fn bytes_wait_for_their_time_and_a_late_stream_catches_up_a_little() {
        let (mut slow, start) = (throttle(&[1000]), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(slow.wait(100, start), Duration::from_millis(100));
        assert_eq!(slow.wait(100, after(130)), Duration::from_millis(70), "30 ms late");
        assert_eq!(slow.wait(100, after(900)), Duration::from_millis(50), "700 ms late");
        assert_eq!(throttle(&[0]).wait(1, start), Duration::MAX);
    }
}
