//! Durations as people write them.

use std::time::Duration;

use super::{Reader, Settings, Shape};

/// Units from the largest down, in milliseconds; each may come once, in this order.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const EXPECTED: &str = "a duration such as 250ms, 5s or 1m30s";

impl Settings for Duration {
    const SHAPE: Shape = Shape::Duration;

    fn read(reader: &mut Reader) -> Option<Self> {
        let text = reader.text(EXPECTED)?;
        milliseconds(&text).map(Self::from_millis).or_else(|| reader.expected(EXPECTED))
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let (mut rest, mut sum, mut units) = (text.as_bytes(), 0_u64, &UNITS[..]);
    loop {
        let (number, unit);
        (number, rest) = split(rest, u8::is_ascii_digit)?;
        (unit, rest) = split(rest, u8::is_ascii_lowercase)?;
        let position = units.iter().position(|(name, _)| name.as_bytes() == unit)?;
        sum = sum.checked_add(whole(number)?.checked_mul(units.get(position)?.1)?)?;
        if rest.is_empty() {
            return Some(sum);
        }
        units = units.get(position + 1..)?;
    }
}

/// The bytes of a kind at the start, of which there is at least one, and what follows.
fn split(text: &[u8], is_of_the_kind: fn(&u8) -> bool) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|byte| is_of_the_kind(byte)).count();
    text.split_at_checked(length).filter(|_| length > 0)
}

fn whole(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations_are_whole_numbers_with_units_from_the_largest_down() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("5s", Some(5_000)),
            ("1m30s", Some(90_000)),
            ("2h5ms", Some(7_200_005)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("5 s", None),
            ("1.5s", None),
            ("-5s", None),
            ("5s1m", None),
            ("5s5s", None),
            ("s", None),
            ("5S", None),
            ("5é", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
