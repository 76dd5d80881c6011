//! How long another deployment's end is waited for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

/// So long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience(Duration);

/// A text does not say how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time in seconds, minutes or hours, for example 90s, 10m or 1h; 0s waits for nothing")]
pub(crate) struct NoPatience;

impl FromStr for Patience {
    type Err = NoPatience;

    /// Whole seconds where the text names no unit.
    fn from_str(text: &str) -> Result<Self, NoPatience> {
        let (count, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
        let seconds = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(NoPatience),
        };
        let count: u32 = count.parse().map_err(|_| NoPatience)?;
        Ok(Self(Duration::from_secs(u64::from(count) * seconds)))
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds.is_multiple_of(60) && seconds > 0 {
            write!(formatter, "{} min", seconds / 60)
        } else {
            write!(formatter, "{seconds} s")
        }
    }
}

impl Patience {
    /// Whether nothing is waited for.
    pub(super) const fn is_none(self) -> bool {
        self.0.is_zero()
    }

    /// When it ends, from now on.
    pub(super) fn deadline(self) -> Instant {
        Instant::now() + self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit_or_seconds() {
        for (text, seconds, told) in
            [("0", 0, "0 s"), ("90", 90, "90 s"), ("90s", 90, "90 s"), ("10m", 600, "10 min"), ("1h", 3600, "60 min")]
        {
            let patience: Patience = text.parse().unwrap();
            assert_eq!((patience.0.as_secs(), patience.to_string().as_str()), (seconds, told), "{text}");
        }
        for wrong in ["", "m", "abc", "-1", "1.5m", "10 m", "1d", "99999999999"] {
            assert_eq!(wrong.parse::<Patience>(), Err(NoPatience), "{wrong}");
        }
    }
}
