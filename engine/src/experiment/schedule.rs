//! Rates, durations and instants, as experiments write them.

use std::fmt;
use std::time::Duration;

use super::Problem;
use crate::time::Timestamp;

/// A share from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// Every invocation.
    pub const ALL: Self = Self(1.0);

    /// A share; none where it is not from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// The share as a number from 0 to 1.
    pub const fn share(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// The units of a duration, the larger first, in milliseconds.
pub(super) const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads whole numbers, each with its unit, the larger units first: `1h30m`, `250ms`.
pub(super) fn read_duration(text: &str) -> Result<Duration, Problem> {
    milliseconds(text).map(Duration::from_millis).ok_or_else(|| Problem::Duration(text.to_owned()))
}

fn milliseconds(text: &str) -> Option<u64> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (count, unit);
        (count, rest) = split(rest, |byte| byte.is_ascii_digit());
        (unit, rest) = split(rest, |byte| byte.is_ascii_alphabetic());
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(*length)?)?;
    }
    (!text.is_empty()).then_some(total)
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// As [`read_duration`] reads it. Parts of a millisecond are dropped.
pub(super) fn write_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, length) in UNITS {
        if left >= length {
            text += &format!("{}{unit}", left / length);
            left %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a date and time with its offset from UTC (RFC 3339).
pub(super) fn read_instant(text: &str) -> Result<Timestamp, Problem> {
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) if instant >= jiff::Timestamp::UNIX_EPOCH => Ok(instant.into()),
        Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => Err(Problem::NoOffset(text.to_owned())),
        _ => Err(Problem::Instant(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let rows = [
            ("5s", 5_000),
            ("250ms", 250),
            ("1h", 3_600_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("0s", 0),
        ];
        for (text, expected) in rows {
            assert_eq!(read_duration(text), Ok(Duration::from_millis(expected)), "{text}");
        }
        for wrong in [
            "",
            "5",
            "s",
            "5 s",
            "1.5s",
            "-5s",
            "5sec",
            "30m1h",
            "1h1h",
            "5S",
            "99999999999999999999s",
            "999999999999d",
            "5é",
        ] {
            assert_eq!(read_duration(wrong), Err(Problem::Duration(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn an_instant_needs_its_offset() {
        let nine = Timestamp::from_milliseconds(1_796_115_600_000);
        for text in ["2026-12-01T09:00:00Z", "2026-12-01T10:00:00+01:00", "2026-12-01 09:00:00Z"] {
            assert_eq!(read_instant(text), Ok(nine), "{text}");
        }
        for text in ["2026-12-01T09:00:00", "2026-12-01"] {
            assert_eq!(read_instant(text), Err(Problem::NoOffset(text.to_owned())));
        }
        for text in ["", "tomorrow", "09:00:00", "2026-13-01T09:00:00Z", "1926-12-01T09:00:00Z"] {
            assert_eq!(read_instant(text), Err(Problem::Instant(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn a_duration_reads_back(milliseconds: u32) {
            let duration = Duration::from_millis(milliseconds.into());
            prop_assert_eq!(read_duration(&write_duration(duration)), Ok(duration));
        }
    }
}
