//! Instants and civil time, as the host tells them.

use std::time::Duration;

use crate::host::clock;

/// An instant, in milliseconds since the Unix epoch. The only clock of a policy is the invocation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// This many milliseconds after the epoch.
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    pub const fn as_milliseconds(self) -> u64 {
        self.0
    }

    /// How long after the other this is; nothing where it is not later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// What clocks show in an IANA time zone, `Europe/Paris`, at this instant. The zone data is the host's, bundled with it.
    ///
    /// # Errors
    ///
    /// Where there is no such zone.
    pub fn in_zone(self, zone: &str) -> Result<Civil, String> {
        let civil = clock::local(self.0, zone)?;
        Ok(Civil {
            year: civil.year,
            month: civil.month,
            day: civil.day,
            hour: civil.hour,
            minute: civil.minute,
            second: civil.second,
            weekday: Weekday::from_number(civil.weekday),
        })
    }
}

/// A date and a time of day, as a clock on the wall shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Of the Gregorian calendar.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// The day of the week.
    pub weekday: Weekday,
}

impl Civil {
    /// Whole minutes since midnight, 0 to 1439.
    pub fn minute_of_day(&self) -> u16 {
        u16::from(self.hour) * 60 + u16::from(self.minute)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "there is nothing to add to a day's name")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// Monday first.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The day before.
    pub fn previous(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }

    /// 1 is Monday, as in the contract.
    fn from_number(number: u8) -> Self {
        Self::ALL[(usize::from(number) + 6) % 7]
    }
}
