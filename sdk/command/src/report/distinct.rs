//! How many different invocations there were, in memory that does not grow with them.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// So many are counted exactly. Beyond, the count is an estimate, off by less than half a percent in two of three cases.
pub(crate) const EXACT: usize = 65_536;

/// Keeps the smallest of evenly spread numbers: how dense they are tells how many there are. The order in which they come
/// does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distinct(BTreeSet<u64>);

impl Distinct {
    /// An invocation, by the seed that the layer drew from its ids.
    pub(crate) fn add(&mut self, seed: &str) {
        let number = seed.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        self.insert(number.unwrap_or_else(|| hash(seed)));
    }

    fn insert(&mut self, number: u64) {
        if self.0.len() < EXACT || self.0.last().is_some_and(|largest| number < *largest) {
            self.0.insert(number);
        }
        if self.0.len() > EXACT {
            self.0.pop_last();
        }
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        match self.0.last() {
            Some(largest) if self.0.len() >= EXACT => {
                let share = (*largest as f64 + 1.0) / 2.0_f64.powi(64);
                ((EXACT - 1) as f64 / share).round() as u64
            }
            _ => self.0.len() as u64,
        }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_exactly_and_many_closely_in_any_order() {
        for (count, off) in [(0, 0.0), (1, 0.0), (60_000, 0.0), (300_000, 0.015)] {
            let (mut up, mut down) = (Distinct::default(), Distinct::default());
            for number in 0..count {
                up.add(&format!("seed {number}"));
                up.add(&format!("seed {number}"));
                down.add(&format!("seed {}", count - 1 - number));
            }
            assert_eq!(up, down);
            let wrong = (up.count() as f64 - f64::from(count)).abs();
            assert!(wrong <= off * f64::from(count), "{} for {count}", up.count());
        }
    }

    #[test]
    fn a_seed_is_taken_as_the_number_that_it_is() {
        let mut distinct = Distinct::default();
        distinct.add("00000000000000ff00000000000000000000000000000000000000000000000a");
        assert_eq!(distinct.0.first(), Some(&255));
    }
}
