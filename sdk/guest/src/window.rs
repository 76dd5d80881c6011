//! A time window that comes back every week.

use crate::settings::{Field, Literal, Reader, Settings, Shape};
use crate::{Civil, Invocation, Timestamp, Weekday};

/// A time window that comes back every week, in the time of a zone.
///
/// ```toml
/// window = { days = ["mon", "tue", "wed", "thu", "fri"], from = "09:00", to = "17:30", zone = "Europe/Paris" }
/// ```
///
/// | member | meaning | default |
/// | --- | --- | --- |
/// | `days` | `mon` to `sun` | every day |
/// | `from` | the first minute that is inside | `00:00` |
/// | `to` | the first minute that is outside again | `24:00` |
/// | `zone` | an IANA time zone | required |
///
/// Where `to` is earlier than `from` the window crosses midnight, and belongs to the day on which it begins. The times are
/// those that clocks on the wall show: where summer time skips an hour, a window inside that hour does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    days: Vec<Weekday>,
    /// Minutes since midnight, 0 to 1439.
    from: u16,
    /// Minutes since midnight, 0 to 1440, and not `from`.
    to: u16,
    zone: String,
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: u16 = 24 * 60;

impl Window {
    /// Whether the invocation started inside the window, by the host's clock.
    pub fn contains(&self, invocation: &Invocation) -> bool {
        self.contains_instant(invocation.started_at())
    }

    /// Whether this instant is inside the window.
    pub fn contains_instant(&self, instant: Timestamp) -> bool {
        instant.in_zone(&self.zone).is_ok_and(|civil| self.contains_civil(&civil))
    }

    fn contains_civil(&self, civil: &Civil) -> bool {
        let minute = civil.minute_of_day();
        let on = |day| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.to {
            return on(civil.weekday) && (self.from..self.to).contains(&minute);
        }
        (minute >= self.from && on(civil.weekday)) || (minute < self.to && on(civil.weekday.previous()))
    }
}

impl Settings for Window {
    const SHAPE: Shape = Shape::Object(&[
        Field {
            name: "days",
            doc: "The days on which it begins, `mon` to `sun`. Every day where absent.",
            default: None,
            required: false,
            shape: Shape::List(&Weekday::SHAPE),
        },
        Field {
            name: "from",
            doc: "The first minute inside. 00:00 where absent.",
            default: Some(Literal::Text("00:00")),
            required: false,
            shape: Minute::SHAPE,
        },
        Field {
            name: "to",
            doc: "The first minute outside again, past midnight where it is before `from`. 24:00 where absent.",
            default: Some(Literal::Text("24:00")),
            required: false,
            shape: Minute::SHAPE,
        },
        Field {
            name: "zone",
            doc: "An IANA time zone, such as `Europe/Paris`.",
            default: None,
            required: true,
            shape: Zone::SHAPE,
        },
    ]);

    fn read(reader: &mut Reader) -> Option<Self> {
        if !reader.object(&["days", "from", "to", "zone"]) {
            return None;
        }
        let days = reader.field_or("days", Vec::new);
        let from = reader.field_or("from", || Minute(0));
        let to = reader.field_or("to", || Minute(MIDNIGHT));
        let zone = reader.field::<Zone>("zone");
        let (Minute(from), Minute(to), Zone(zone)) = (from?, to?, zone?);
        match from == to || from == MIDNIGHT {
            true => reader.mistake("expected a `from` before 24:00, and a `to` that differs from it"),
            false => Some(Self { days: days?, from, to, zone }),
        }
    }
}

impl Settings for Weekday {
    const SHAPE: Shape = Shape::Word(&{
        let mut words = [crate::settings::Word { name: "", doc: "" }; 7];
        let mut index = 0;
        while index < 7 {
            words[index].name = NAMES[index];
            index += 1;
        }
        words
    });

    fn read(reader: &mut Reader) -> Option<Self> {
        reader.word(&NAMES).map(|position| Self::ALL[position])
    }
}

struct Minute(u16);

impl Settings for Minute {
    const SHAPE: Shape = Shape::TimeOfDay;

    fn read(reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a time of day such as 09:00, up to 24:00";
        let text = reader.text(EXPECTED)?;
        minute(&text).map(Self).or_else(|| reader.expected(EXPECTED))
    }
}

fn minute(text: &str) -> Option<u16> {
    let &[tens, ones, b':', tens_of_minutes, minutes] = text.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
    };
    let (hour, minute) = (number(tens, ones)?, number(tens_of_minutes, minutes)?);
    Some(hour * 60 + minute).filter(|sum| minute < 60 && *sum <= MIDNIGHT)
}

struct Zone(String);

impl Settings for Zone {
    const SHAPE: Shape = Shape::TimeZone;

    fn read(reader: &mut Reader) -> Option<Self> {
        let zone = reader.text("a time zone such as Europe/Paris")?;
        reader.accept(Timestamp::from_milliseconds(0).in_zone(&zone))?;
        Some(Self(zone))
    }
}
