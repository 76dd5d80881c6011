//! Instants, as the contract counts them.

use std::fmt;
use std::time::Duration;

/// An instant in milliseconds since the Unix epoch: the unit of Lambda's deadline header and of the policy contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// An instant this many milliseconds after the epoch.
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    pub const fn as_milliseconds(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; nothing where it is not later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This instant and a duration; the last instant there is where that overflows. Parts of a millisecond are dropped.
    pub fn plus(self, duration: Duration) -> Self {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }

    /// This instant less a duration; the epoch where that would be earlier.
    pub fn minus(self, duration: Duration) -> Self {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(milliseconds))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Instants before the epoch become the epoch.
    fn from(instant: jiff::Timestamp) -> Self {
        Self(u64::try_from(instant.as_millisecond()).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; the bare number where it lies beyond the calendar (year 9999).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        match instant {
            Some(instant) => write!(formatter, "{instant}"),
            None => write!(formatter, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_rfc_3339() {
        assert_eq!(Timestamp::from_milliseconds(1_700_000_000_250).to_string(), "2023-11-14T22:13:20.25Z");
        assert_eq!(Timestamp::from_milliseconds(u64::MAX).to_string(), "18446744073709551615 ms");
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let early = Timestamp::from_milliseconds(5);
        assert_eq!(early.minus(Duration::from_millis(9)), Timestamp::from_milliseconds(0));
        assert_eq!(early.plus(Duration::MAX), Timestamp::from_milliseconds(u64::MAX));
        assert_eq!(early.since(Timestamp::from_milliseconds(9)), Duration::ZERO);
    }
}
