//! Time, from left to right.

use std::time::Duration;

use super::WIDTH;

/// Where the plot begins.
pub(super) const LEFT: f64 = 92.0;
/// Where it ends.
pub(super) const RIGHT: f64 = WIDTH - 24.0;

/// From the start to the end of the demo.
pub(super) struct Axis {
    pub(super) over: Duration,
}

impl Axis {
    pub(super) const fn new(over: Duration) -> Self {
        Self { over }
    }

    /// Where a moment stands.
    pub(super) fn x(&self, at: Duration) -> f64 {
        let share = at.as_secs_f64() / self.over.as_secs_f64().max(f64::MIN_POSITIVE);
        LEFT + share.min(1.0) * (RIGHT - LEFT)
    }

    /// Every five seconds.
    pub(super) fn ticks(&self) -> impl Iterator<Item = Duration> {
        (0..=self.over.as_secs()).step_by(5).map(Duration::from_secs)
    }
}
