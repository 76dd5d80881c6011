//! Civil time in a zone of the IANA database that is built in, never the machine's.

use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;

use crate::time::Timestamp;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A date and time of day as a clock on the wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year of the common era.
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
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u8,
}

/// Why an instant has no civil time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CivilError {
    /// The zone is not in the database. It is not repeated: what stands in a policy's settings may be a secret.
    #[error("the IANA database has no such time zone")]
    UnknownZone,
    /// The instant lies beyond the calendar.
    #[error("{0} lies beyond the calendar, which ends with the year 9999")]
    BeyondCalendar(Timestamp),
}

/// An instant as a clock in the zone shows it. Zone names are those of the IANA database, in any case.
///
/// # Errors
/// Where there is no such zone, and where the instant lies beyond the year 9999.
pub fn local(instant: Timestamp, zone: &str) -> Result<Civil, CivilError> {
    let zone = ZONES.get(zone).map_err(|_| CivilError::UnknownZone)?;
    let beyond = || CivilError::BeyondCalendar(instant);
    let milliseconds = i64::try_from(instant.as_milliseconds()).map_err(|_| beyond())?;
    let there = jiff::Timestamp::from_millisecond(milliseconds).map_err(|_| beyond())?.to_zoned(zone);
    Ok(Civil {
        year: i32::from(there.year()),
        month: there.month().unsigned_abs(),
        day: there.day().unsigned_abs(),
        hour: there.hour().unsigned_abs(),
        minute: there.minute().unsigned_abs(),
        second: there.second().unsigned_abs(),
        weekday: there.weekday().to_monday_one_offset().unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(instant: &str, zone: &str) -> (i32, u8, u8, u8, u8, u8, u8) {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        let c = local(instant.into(), zone).unwrap();
        (c.year, c.month, c.day, c.hour, c.minute, c.second, c.weekday)
    }

    #[test]
    fn a_clock_on_the_wall_shows_the_zones_time() {
        assert_eq!(shown("2026-12-06T23:30:05Z", "Europe/Paris"), (2026, 12, 7, 0, 30, 5, 1));
        assert_eq!(shown("2026-12-06T23:30:05Z", "UTC"), (2026, 12, 6, 23, 30, 5, 7));
        assert_eq!(shown("2026-12-06T23:30:05Z", "america/new_york"), (2026, 12, 6, 18, 30, 5, 7));
    }

    #[test]
    fn summer_time_starts_and_ends_when_the_zone_says() {
        assert_eq!(shown("2026-03-29T00:59:59Z", "Europe/Paris"), (2026, 3, 29, 1, 59, 59, 7));
        assert_eq!(shown("2026-03-29T01:00:00Z", "Europe/Paris"), (2026, 3, 29, 3, 0, 0, 7));
        assert_eq!(shown("2026-10-25T01:00:00Z", "Europe/Paris"), (2026, 10, 25, 2, 0, 0, 7));
    }

    #[test]
    fn a_mistake_is_named() {
        let unknown = local(Timestamp::default(), "Europe/Pairs").unwrap_err();
        assert_eq!(unknown.to_string(), "the IANA database has no such time zone");
        let late = local(Timestamp::from_milliseconds(u64::MAX), "UTC").unwrap_err();
        assert_eq!(late.to_string(), "18446744073709551615 ms lies beyond the calendar, which ends with the year 9999");
    }
}
