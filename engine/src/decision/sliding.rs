//! How often something happened lately, in memory that does not grow.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Into how many slices a window is divided.
const SLICES: u64 = 60;

/// Slices that are kept: those of a whole window, and the one that is under way.
const KEPT: usize = SLICES as usize + 1;

/// Counts what happened within a window that slides. What happened counts for at least as long as the window is, and for
/// one slice longer at most. A clock that is set back does not slide it back.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Slices", into = "Slices")]
pub(super) struct Sliding {
    slice_ms: u64,
    newest: u64,
    counts: [u64; KEPT],
}

impl Sliding {
    pub(super) fn new(window: Duration) -> Self {
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        Self { slice_ms: window_ms.div_ceil(SLICES).max(1), newest: 0, counts: [0; KEPT] }
    }

    /// It happened once more.
    pub(super) fn add(&mut self, now: Timestamp) {
        self.slide(now);
        let newest = slot(self.newest);
        self.counts[newest] = self.counts[newest].saturating_add(1);
    }

    /// How often it happened within the window.
    pub(super) fn count(&mut self, now: Timestamp) -> u64 {
        self.slide(now);
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn slide(&mut self, now: Timestamp) {
        let slice = now.as_milliseconds() / self.slice_ms;
        let passed = slice.saturating_sub(self.newest).min(KEPT as u64);
        for back in 0..passed {
            self.counts[slot(slice - back)] = 0;
        }
        self.newest = self.newest.max(slice);
    }
}

/// A window as it is written down: each slice in which something happened, with how often it did.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Slices {
    slice_ms: u64,
    slices: Vec<(u64, u64)>,
}

impl From<Sliding> for Slices {
    fn from(sliding: Sliding) -> Self {
        let Sliding { slice_ms, newest, counts } = sliding;
        let all = (newest.saturating_sub(SLICES)..=newest).map(|slice| (slice, counts[slot(slice)]));
        Self { slice_ms, slices: all.filter(|(_, count)| *count > 0).collect() }
    }
}

impl TryFrom<Slices> for Sliding {
    type Error = &'static str;

    fn try_from(Slices { slice_ms, slices }: Slices) -> Result<Self, Self::Error> {
        let newest = slices.iter().map(|(slice, _)| *slice).max().unwrap_or_default();
        if slice_ms == 0 || slices.iter().any(|(slice, _)| newest - slice > SLICES) {
            return Err("no window is so long");
        }
        let mut counts = [0_u64; KEPT];
        for (slice, count) in slices {
            counts[slot(slice)] = counts[slot(slice)].saturating_add(count);
        }
        Ok(Self { slice_ms, newest, counts })
    }
}

fn slot(slice: u64) -> usize {
    usize::try_from(slice % KEPT as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_milliseconds(1_700_000_000_000 + milliseconds)
    }

    #[test]
    fn what_happened_counts_for_a_window_and_a_slice_at_most() {
        let mut lately = Sliding::new(MINUTE);
        lately.add(at(500));
        for (milliseconds, expected) in [(500, 1), (60_500, 1), (60_999, 1), (61_000, 0), (500, 0)] {
            assert_eq!(lately.count(at(milliseconds)), expected, "{milliseconds} ms");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let mut lately = Sliding::new(MINUTE);
        lately.add(at(3_600_000));
        lately.add(at(0));
        assert_eq!([0, 3_600_000, 3_659_999].map(|milliseconds| lately.count(at(milliseconds))), [2; 3]);
        assert_eq!(lately.count(at(3_661_000)), 0);
    }

    #[test]
    fn a_window_shorter_than_its_slices_still_slides() {
        let mut lately = Sliding::new(Duration::from_millis(1));
        lately.add(at(0));
        assert_eq!([0, 1, 60, 61].map(|milliseconds| lately.count(at(milliseconds))), [1, 1, 1, 0]);
    }

    proptest! {
        #[test]
        fn a_window_that_was_written_down_counts_on(
            window_ms in 1_u64..200_000,
            gaps in prop::collection::vec(0_u64..20_000, 0..100),
            later in 0_u64..400_000,
        ) {
            let mut lately = Sliding::new(Duration::from_millis(window_ms));
            let happened = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) });
            let last = happened.inspect(|now| lately.add(at(*now))).last().unwrap_or_default();
            let mut again: Sliding = serde_json::from_str(&serde_json::to_string(&lately).unwrap()).unwrap();
            prop_assert_eq!(again.count(at(last + later)), lately.count(at(last + later)));
        }

        /// Against the list of all that happened.
        #[test]
        fn no_window_counts_less_than_happened_in_it(
            window_ms in 1_u64..200_000,
            gaps in prop::collection::vec(0_u64..20_000, 1..200),
        ) {
            let mut lately = Sliding::new(Duration::from_millis(window_ms));
            let slice_ms = window_ms.div_ceil(60);
            let mut happened = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                happened.push(now);
                lately.add(at(now));
                let within = |span: u64| happened.iter().filter(|then| now - **then <= span).count() as u64;
                let counted = lately.count(at(now));
                prop_assert!(counted >= within(window_ms) && counted <= within(61 * slice_ms), "{counted}");
            }
        }
    }
}
