//! When an experiment version came into force, and when it acted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant, as lines tell it: RFC 3339, in UTC, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Time(jiff::Timestamp);

impl TryFrom<String> for Time {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.0)
    }
}

/// The times of an experiment version, as far as the lines tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Times {
    /// When it was armed for the first time; none where that was before the log begins.
    pub(crate) first_armed: Option<Time>,
    /// When a fault of it was carried out for the first time.
    pub(crate) first_acted: Option<Time>,
    /// And for the last time.
    pub(crate) last_acted: Option<Time>,
}

impl Times {
    /// It was armed.
    pub(crate) fn arm(&mut self, time: Time) {
        self.first_armed = earlier(self.first_armed, Some(time));
    }

    /// A fault was carried out.
    pub(crate) fn act(&mut self, time: Time) {
        self.first_acted = earlier(self.first_acted, Some(time));
        self.last_acted = self.last_acted.max(Some(time));
    }

    /// Takes in the times of another place.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.first_armed = earlier(self.first_armed, other.first_armed);
        self.first_acted = earlier(self.first_acted, other.first_acted);
        self.last_acted = self.last_acted.max(other.last_acted);
    }

    /// The first that is known of it.
    pub(crate) fn begin(&self) -> Option<Time> {
        earlier(self.first_armed, self.first_acted)
    }
}

/// The earlier of two times, of which either may not be known.
fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_time_is_read_and_written_in_rfc_3339() {
        let time = Time::try_from("2026-12-01T09:00:00.250Z".to_owned()).unwrap();
        assert_eq!(String::from(time), "2026-12-01T09:00:00.250Z");
        assert!(Time::try_from("soon".to_owned()).is_err());
    }

    #[test]
    fn in_whatever_order_they_come_the_first_and_the_last_are_kept() {
        let (mut one, mut other) = (Times::default(), Times::default());
        assert_eq!(one.begin(), None);
        [7, 5, 9].map(at).into_iter().for_each(|time| one.act(time));
        assert_eq!(one.begin(), Some(at(5)), "it was armed before the log begins");
        [4, 2].map(at).into_iter().for_each(|time| other.arm(time));
        other.act(at(8));
        let both = Times { first_armed: Some(at(2)), first_acted: Some(at(5)), last_acted: Some(at(9)) };
        let merged = [(one, other), (other, one)].map(|(mut one, other)| {
            one.merge(&other);
            one
        });
        assert_eq!((merged, both.begin()), ([both, both], Some(at(2))));
    }
}
