//! How long faults held invocations back.

use std::collections::BTreeMap;

use serde::Serialize;

/// Delays by their length, to three digits: memory does not grow with their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delays {
    by_length: BTreeMap<u64, i64>,
    total: i128,
}

/// What there is to say about delays, in milliseconds; lengths are exact to three digits, the total is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Lengths {
    pub(crate) count: u64,
    pub(crate) total_ms: u64,
    pub(crate) median_ms: u64,
    pub(crate) p99_ms: u64,
    pub(crate) max_ms: u64,
}

impl Delays {
    /// A delay of this many milliseconds.
    pub(crate) fn add(&mut self, milliseconds: u64) {
        self.change(milliseconds, 1);
    }

    /// A delay that was counted with what was planned took less.
    pub(crate) fn shorten(&mut self, planned: u64, took: u64) {
        self.change(planned, -1);
        if took > 0 {
            self.change(took, 1);
        }
    }

    /// Takes in the delays of another place.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (length, count) in &other.by_length {
            *self.by_length.entry(*length).or_default() += count;
        }
        self.total += other.total;
    }

    fn change(&mut self, milliseconds: u64, count: i64) {
        *self.by_length.entry(rounded(milliseconds)).or_default() += count;
        self.total += i128::from(milliseconds) * i128::from(count);
    }

    /// What there is to say; none where nothing was delayed.
    pub(crate) fn lengths(&self) -> Option<Lengths> {
        let counted =
            || self.by_length.iter().filter_map(|(length, count)| Some((*length, u64::try_from(*count).ok()?)));
        let count: u64 = counted().map(|(_, count)| count).sum();
        let at = |rank: u64| {
            let mut passed = 0;
            let reaches = |&(_, count): &(u64, u64)| {
                passed += count;
                passed >= rank
            };
            counted().find(reaches).map_or(0, |(length, _)| length)
        };
        (count > 0).then(|| Lengths {
            count,
            total_ms: u64::try_from(self.total).unwrap_or(0),
            median_ms: at(count.div_ceil(2)),
            p99_ms: at((count.saturating_mul(99)).div_ceil(100)),
            max_ms: at(count),
        })
    }
}

/// To three digits.
fn rounded(milliseconds: u64) -> u64 {
    let mut step = 1;
    while milliseconds / step >= 1000 {
        step *= 10;
    }
    milliseconds / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_a_sorted_list() {
        let mut delays = Delays::default();
        assert_eq!(delays.lengths(), None);
        (1..=200).rev().for_each(|length| delays.add(length));
        let lengths = Lengths { count: 200, total_ms: 20_100, median_ms: 100, p99_ms: 198, max_ms: 200 };
        assert_eq!(delays.lengths(), Some(lengths));
    }

    #[test]
    fn a_delay_that_ended_early_counts_with_what_it_took() {
        let mut delays = Delays::default();
        [60_000, 300, 300].into_iter().for_each(|length| delays.add(length));
        delays.shorten(60_000, 1_234);
        delays.shorten(300, 0);
        let lengths = Lengths { count: 2, total_ms: 1_534, median_ms: 300, p99_ms: 1_230, max_ms: 1_230 };
        assert_eq!(delays.lengths(), Some(lengths));
    }

    #[test]
    fn three_digits_are_kept() {
        assert_eq!(
            [7, 999, 1_234, 899_999, u64::MAX].map(rounded),
            [7, 999, 1_230, 899_000, 18_400_000_000_000_000_000]
        );
    }
}
