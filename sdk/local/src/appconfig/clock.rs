use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{milliseconds, now};

/// How far a clock can be moved on, in milliseconds: a hundred years, so that times reckoned from it stay in range.
const FARTHEST: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// What an AppConfig takes for the time. Clones show the same time, so that several AppConfigs can share one.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Where it stands still, in milliseconds since the epoch; `None` where it runs with the machine's.
    stands_at: Option<u64>,
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock, which can be moved on.
    pub fn real() -> Self {
        Self { stands_at: None, ahead: Arc::default() }
    }

    /// A clock that shows this time until it is moved on.
    pub fn held_at(time: SystemTime) -> Self {
        let at = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { stands_at: Some(milliseconds(at)), ahead: Arc::default() }
    }

    /// Moves it on, in whole milliseconds; by a hundred years in all and no farther.
    pub fn advance(&self, by: Duration) {
        let moved = |ahead: u64| Some(ahead.saturating_add(milliseconds(by)).min(FARTHEST));
        // It always moves, if only to where it is.
        let _ = self.ahead.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Milliseconds since the epoch.
    pub(super) fn now(&self) -> u64 {
        self.stands_at.unwrap_or_else(now).saturating_add(self.ahead.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_moves_only_by_hand_and_its_clones_with_it() {
        let clock = Clock::held_at(UNIX_EPOCH + Duration::from_secs(1));
        let clone = clock.clone();
        clock.advance(Duration::from_millis(5));
        assert_eq!((clock.now(), clone.now()), (1005, 1005));
        assert!(Clock::real().now() > clock.now());
    }

    #[test]
    fn a_clock_goes_a_hundred_years_ahead_and_no_farther() {
        let clock = Clock::held_at(UNIX_EPOCH);
        clock.advance(Duration::MAX);
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), FARTHEST);
    }
}
