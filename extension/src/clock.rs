//! The only module that asks the machine for the time.
//!
//! Wall time is what experiments and deadlines are written in; it may jump. Monotonic time never runs backwards, but
//! may stand still while an environment is frozen. An age is therefore the larger of both.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use misrule_engine::time::Timestamp;
use tokio::time::Instant;

/// The wall clock, now.
pub fn now() -> Timestamp {
    Moment::now().wall()
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    wall: Timestamp,
    monotonic: Instant,
}

impl Moment {
    /// This moment on the machine's clocks. The monotonic one is tokio's, so that a test can pause it.
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall = Timestamp::from_milliseconds(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX));
        Self { wall, monotonic: Instant::now() }
    }

    /// A moment that a test made up.
    pub const fn new(wall: Timestamp, monotonic: Instant) -> Self {
        Self { wall, monotonic }
    }

    /// The wall clock's part.
    pub const fn wall(self) -> Timestamp {
        self.wall
    }

    /// How long after `earlier` this moment is: the larger of what the two clocks say, so that neither a freeze nor a
    /// wall clock that was set back makes something look younger than it is.
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        self.wall.since(earlier.wall).max(monotonic)
    }
}

/// A pair of clocks that can be handed over, so that a test can turn them.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The machine's own.
    pub fn machine() -> Self {
        Self::new(Moment::now)
    }

    /// Clocks that show what this function says.
    pub fn new(read: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// What they show.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Clock({})", self.now().wall())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, monotonic: Instant) -> Moment {
        Moment::new(Timestamp::from_milliseconds(wall), monotonic)
    }

    #[tokio::test(start_paused = true)]
    async fn an_age_is_the_larger_of_both_clocks() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let earlier = at(10_000, start);
        for (name, later, age) in [
            ("frozen: only the wall went on", at(70_000, start), 60 * second),
            ("the wall was set back", at(1_000, start + 5 * second), 5 * second),
            ("both went on", at(13_000, start + 2 * second), 3 * second),
            ("both stood still", at(10_000, start), Duration::ZERO),
        ] {
            assert_eq!(later.since(earlier), age, "{name}");
        }
    }
}
