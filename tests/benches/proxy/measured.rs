//! Figures: rounds, their medians, and from where to where they go.

use std::time::Duration;

use crate::process::Memory;
use crate::target::{DIRECT, PASS_THROUGH};

/// One round of one target. Times are microseconds for each event.
pub(crate) struct Round {
    pub(crate) taken: f64,
    pub(crate) cpu: Option<f64>,
}

/// All that was measured of one target.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) rounds: Vec<Round>,
    pub(crate) allocations: Option<f64>,
    pub(crate) before: Option<Memory>,
    pub(crate) after: Option<Memory>,
}

/// A median, and the least and the most beside it.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

/// All targets of one case.
pub(crate) struct Targets(pub(crate) Vec<(&'static str, Measured)>);

impl Round {
    /// Of these invocations of a runtime, for which Lambda handed out so many events.
    pub(crate) fn new(mut taken: Vec<Duration>, events: u64, cpu: Option<Duration>) -> Self {
        taken.sort();
        let median = taken.get(taken.len() / 2).copied().unwrap_or_default();
        let events = events as f64;
        let taken = micros(median) * taken.len() as f64 / events;
        Self { taken, cpu: cpu.map(|cpu| micros(cpu) / events) }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl Measured {
    /// Time from the runtime's question until its answer was taken.
    pub(crate) fn taken(&self) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(|round| round.taken).collect())
    }

    /// Time of the proxy on a CPU.
    pub(crate) fn cpu(&self) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| round.cpu).collect())
    }
}

impl Targets {
    fn rounds(&self, name: &str) -> &[Round] {
        self.0.iter().find(|(of, _)| *of == name).map_or(&[], |(_, measured)| &measured.rounds)
    }

    /// What each round takes longer than a direct connection in the same round.
    fn each_added<'a>(&'a self, rounds: &'a [Round]) -> impl Iterator<Item = f64> {
        rounds.iter().zip(self.rounds(DIRECT)).map(|(round, direct)| round.taken - direct.taken)
    }

    pub(crate) fn added(&self, measured: &Measured) -> Option<Spread> {
        Spread::of(self.each_added(&measured.rounds).collect())
    }

    /// The same, as a multiple of what the pass-through adds in the same round.
    pub(crate) fn added_ratio(&self, measured: &Measured) -> Option<Spread> {
        let pass_through = self.each_added(self.rounds(PASS_THROUGH));
        Spread::of(self.each_added(&measured.rounds).zip(pass_through).map(|(added, base)| added / base).collect())
    }

    /// CPU time as a multiple of the pass-through's in the same round.
    pub(crate) fn cpu_ratio(&self, measured: &Measured) -> Option<Spread> {
        let rounds = measured.rounds.iter().zip(self.rounds(PASS_THROUGH));
        Spread::of(rounds.filter_map(|(round, base)| Some(round.cpu? / base.cpu?)).collect())
    }
}

impl Spread {
    /// None of nothing.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        Some(Self { least, median: values[values.len() / 2], most })
    }
}
