//! How long invocations took.

use std::fmt;
use std::time::Duration;

/// In milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Percentiles {
    p50: f64,
    p99: f64,
    pub(crate) p999: f64,
    longest: f64,
}

impl Percentiles {
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let at = |thousandths: usize| {
            let index = (durations.len() * thousandths / 1000).min(durations.len().saturating_sub(1));
            durations.get(index).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        Self { p50: at(500), p99: at(990), p999: at(999), longest: at(1000) }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, p999, longest } = self;
        write!(formatter, "{p50:.1} | {p99:.1} | {p999:.1} | {longest:.1}")
    }
}
