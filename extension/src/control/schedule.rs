//! When to refresh, and how long anything may wait for it. Pure: time comes in.

use std::time::Duration;

use crate::clock::Moment;
use crate::sources::{Pace, SourceError};

/// The first pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failures in a row.
const LONGEST_PAUSE: Duration = SourceError::SLOW;
/// However long a source wants to be left alone, it is asked again after so long.
const LONGEST_OBEYED: Duration = Duration::from_secs(300);
/// A refresh that took longer slept through a freeze: its timeouts would have ended it sooner.
const FROZEN: Duration = Duration::from_secs(10);
/// How long a refresh under way may hold the next event back.
const HOLD: Duration = Duration::from_millis(100);

/// What is known about refreshes.
#[derive(Debug)]
pub(super) struct Schedule {
    finished: u64,
    progress: Progress,
    failures: u32,
    refreshed: Option<Moment>,
    /// Since when an invocation has waited for the refresh to come.
    awaited_since: Option<Moment>,
    held: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Progress {
    UnderWay,
    Due { from: Moment, after: Duration },
}

/// How a refresh ended, as far as time is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The source answered.
    Answered {
        /// When.
        at: Moment,
        /// How long it wants to be left alone.
        interval: Duration,
    },
    /// The source could not be asked.
    Failed {
        /// When that was known.
        at: Moment,
        /// How long to wait before the next attempt.
        pause: Duration,
    },
}

/// For what an invocation would wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// Until more refreshes than these have finished.
    pub finished: u64,
    /// At most so long.
    pub left: Duration,
}

impl Schedule {
    /// The first refresh is due at once.
    pub(super) fn new(now: Moment) -> Self {
        let progress = Progress::Due { from: now, after: Duration::ZERO };
        Self { finished: 0, progress, failures: 0, refreshed: None, awaited_since: None, held: Duration::ZERO }
    }

    /// How long until a refresh is due; nothing while one is under way.
    pub(super) fn due_in(&self, now: Moment) -> Option<Duration> {
        match self.progress {
            Progress::UnderWay => None,
            Progress::Due { from, after } => Some(after.saturating_sub(now.since(from))),
        }
    }

    /// Whether a refresh is due and none is under way.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.due_in(now) == Some(Duration::ZERO)
    }

    /// How old the last successful refresh is; none where there was none.
    pub(super) fn age(&self, now: Moment) -> Option<Duration> {
        self.refreshed.map(|refreshed| now.since(refreshed))
    }

    /// How many refreshes in a row have failed.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether no refresh has finished yet.
    pub(super) fn is_first(&self) -> bool {
        self.finished == 0
    }

    /// A refresh begins.
    pub(super) fn begin(&mut self) {
        self.progress = Progress::UnderWay;
    }

    /// The refresh that began at `began` is over. Its age counts from there, for that is when the source was asked. The
    /// source's interval counts from its answer, for that is how the source counts; but an answer that lay through a
    /// freeze is old, and the next refresh is due with it.
    pub(super) fn end(&mut self, began: Moment, ended: Ended) -> u64 {
        self.progress = match ended {
            Ended::Answered { at, interval } => {
                self.refreshed = Some(began);
                self.failures = 0;
                Progress::Due { from: if slept(began, at) { began } else { at }, after: interval }
            }
            Ended::Failed { at, pause } => {
                self.failures = self.failures.saturating_add(1);
                Progress::Due { from: at, after: pause }
            }
        };
        self.finished += 1;
        self.awaited_since = None;
        self.held = Duration::ZERO;
        self.finished
    }

    /// How long an invocation may wait for the refresh that is under way or due, out of `allowance`. All that wait for the
    /// same refresh share it, and none waits while a failed one backs off.
    pub(super) fn patience(&mut self, now: Moment, allowance: Duration) -> Option<Patience> {
        if self.due_in(now).is_some_and(|left| !left.is_zero()) {
            return None;
        }
        let since = *self.awaited_since.get_or_insert(now);
        let left = allowance.saturating_sub(now.since(since));
        (!left.is_zero()).then_some(Patience { finished: self.finished, left })
    }

    /// How long the next event may be held back, for the refresh under way.
    pub(super) fn hold(&self) -> Option<Patience> {
        let left = HOLD.saturating_sub(self.held);
        let held = matches!(self.progress, Progress::UnderWay) && !left.is_zero();
        held.then_some(Patience { finished: self.finished, left })
    }

    /// The next event was held back for so long, for the refresh that `patience` was for.
    pub(super) fn held(&mut self, patience: Patience, duration: Duration) {
        if patience.finished == self.finished {
            self.held += duration;
        }
    }
}

/// Whether what lies between slept through a freeze.
pub(super) fn slept(began: Moment, ended: Moment) -> bool {
    ended.since(began) > FROZEN
}

/// How long to wait after a failure, the `failures`-th in a row: with jitter, from half the pause to all of it, so that
/// many environments do not come back at once. Never sooner than the source wants.
pub(super) fn pause(error: &SourceError, failures: u32, draw: u64) -> Duration {
    let whole = match error.pace() {
        Pace::Slow => SourceError::SLOW,
        Pace::Backoff => FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE),
    };
    let half = whole / 2;
    let wanted = error.retry_after().unwrap_or_default().min(LONGEST_OBEYED);
    wanted.max(half) + half.mul_f64((draw >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use misrule_engine::time::Timestamp;
    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Clocks(Instant);

    impl Clocks {
        /// Both clocks so many milliseconds after the start.
        fn at(&self, milliseconds: u64) -> Moment {
            self.apart(1_000_000 + milliseconds, milliseconds)
        }

        fn apart(&self, wall: u64, monotonic: u64) -> Moment {
            Moment::new(Timestamp::from_milliseconds(wall), self.0 + Duration::from_millis(monotonic))
        }
    }

    fn answered(clocks: &Clocks, at: u64, interval: Duration) -> Schedule {
        let mut schedule = Schedule::new(clocks.at(0));
        schedule.begin();
        schedule.end(clocks.at(0), Ended::Answered { at: clocks.at(at), interval });
        schedule
    }

    #[tokio::test(start_paused = true)]
    async fn the_interval_counts_from_the_answer_and_the_age_from_the_question() {
        let clocks = Clocks(Instant::now());
        let schedule = answered(&clocks, 300, SECOND);
        assert_eq!(schedule.due_in(clocks.at(400)), Some(Duration::from_millis(900)));
        assert!(!schedule.is_due(clocks.at(1299)));
        assert!(schedule.is_due(clocks.at(1300)));
        assert_eq!(schedule.age(clocks.at(400)), Some(Duration::from_millis(400)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_lay_through_a_freeze_is_old() {
        let clocks = Clocks(Instant::now());
        let schedule = answered(&clocks, 3_600_000, 60 * SECOND);
        assert!(schedule.is_due(clocks.at(3_600_000)));
        assert_eq!(schedule.age(clocks.at(3_600_000)), Some(3600 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn clocks_may_jump() {
        let clocks = Clocks(Instant::now());
        let schedule = answered(&clocks, 0, 60 * SECOND);
        assert!(schedule.is_due(clocks.apart(1, 60_000)), "a wall clock set back does not hold refreshes up");
        assert_eq!(schedule.due_in(clocks.apart(1, 59_000)), Some(SECOND));
        assert!(schedule.is_due(clocks.apart(9_000_000, 1)), "one set forward makes one due");
        let mut schedule = schedule;
        schedule.begin();
        let jumped = clocks.apart(9_000_000, 1);
        schedule.end(jumped, Ended::Answered { at: jumped, interval: 60 * SECOND });
        assert!(!schedule.is_due(clocks.apart(9_000_001, 2)), "and not another");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_one_refresh_share_one_allowance() {
        let clocks = Clocks(Instant::now());
        let mut schedule = answered(&clocks, 0, SECOND);
        let allowance = Duration::from_millis(250);
        assert_eq!(schedule.patience(clocks.at(999), allowance), None, "nothing is under way or due");
        assert_eq!(schedule.patience(clocks.at(1000), allowance), Some(Patience { finished: 1, left: allowance }));
        schedule.begin();
        let rest = Duration::from_millis(50);
        assert_eq!(schedule.patience(clocks.at(1200), allowance), Some(Patience { finished: 1, left: rest }));
        assert_eq!(schedule.patience(clocks.at(1250), allowance), None);
        schedule.end(clocks.at(1000), Ended::Failed { at: clocks.at(1300), pause: SECOND });
        assert_eq!(schedule.patience(clocks.at(1400), allowance), None, "not while a failed one backs off");
        assert_eq!(schedule.patience(clocks.at(2300), allowance), Some(Patience { finished: 2, left: allowance }));
    }

    #[tokio::test(start_paused = true)]
    async fn holds_of_one_refresh_share_100_ms() {
        let clocks = Clocks(Instant::now());
        let mut schedule = Schedule::new(clocks.at(0));
        assert_eq!(schedule.hold(), None);
        schedule.begin();
        let first = schedule.hold().unwrap();
        assert_eq!(first, Patience { finished: 0, left: HOLD });
        schedule.held(first, Duration::from_millis(70));
        assert_eq!(schedule.hold().unwrap().left, Duration::from_millis(30));
        schedule.held(first, Duration::from_millis(30));
        assert_eq!(schedule.hold(), None);
        schedule.end(clocks.at(0), Ended::Answered { at: clocks.at(0), interval: SECOND });
        schedule.held(first, HOLD);
        schedule.begin();
        assert_eq!(schedule.hold().unwrap().left, HOLD, "a refresh that is over takes nothing from the next");
    }

    #[test]
    fn pauses_double_up_to_a_minute_with_jitter() {
        let throttled = throttled(None);
        for (failures, whole) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (u32::MAX, 60)] {
            let whole = Duration::from_secs(whole);
            assert_eq!(pause(&throttled, failures, 0), whole / 2, "{failures}");
            let longest = pause(&throttled, failures, u64::MAX);
            assert!(longest <= whole && longest > whole.mul_f64(0.999), "{failures}: {longest:?}");
        }
        let slow = SourceError::NoRegion { name: "appconfig:a/e/p".to_owned() };
        assert_eq!(pause(&slow, 1, 0), 30 * SECOND);
    }

    #[test]
    fn a_source_is_left_alone_for_as_long_as_it_wants_within_reason() {
        for (wants, shortest) in [(0, 1), (7, 7), (86_400, 300)] {
            let error = throttled(Some(wants * SECOND));
            assert_eq!(pause(&error, 2, 0), shortest * SECOND, "{wants}");
            let longest = pause(&error, 2, u64::MAX);
            assert!(longest > shortest * SECOND && longest <= (shortest + 1) * SECOND, "{wants}: {longest:?}");
        }
    }

    fn throttled(retry_after: Option<Duration>) -> SourceError {
        SourceError::Throttled { action: "appconfig:GetLatestConfiguration", retry_after }
    }
}
