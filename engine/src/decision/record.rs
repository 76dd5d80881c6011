//! What an execution environment remembers of the experiments that were in force in it.
//!
//! A budget and a stop hold for the environment, not for one loading of an experiment: neither a halt in between nor the same
//! version delivered again refills the one or undoes the other, nor, where records are kept, a restart of the layer.

mod kept;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::kept::RecordsError;
use super::plan::RefusalReason;
use super::sliding::Sliding;
use crate::digest::Digest;
use crate::experiment::{Budget, Experiment, StopWhen};
use crate::limits::RECORDS;
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);

/// What is remembered, of at most [`RECORDS`] experiment versions: the oldest is forgotten first.
#[derive(Debug, Default)]
pub struct Records(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    name: String,
    version: Digest,
    record: Arc<Record>,
}

/// The handlers of too many invocations failed: the experiment version injects nothing more in this environment.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stopped {
    /// Invocations whose handler failed.
    pub errors: u64,
    /// Invocations that a handler answered.
    pub invocations: u64,
}

/// What one experiment version did in this environment.
#[derive(Debug)]
pub(super) struct Record {
    /// Invocations touched lately by any version of this experiment. Its lock also orders `touched`.
    minute: Arc<Mutex<Sliding>>,
    touched: AtomicU64,
    handlers: Mutex<Handlers>,
    stopped: OnceLock<Stopped>,
}

#[derive(Clone, Debug)]
struct Handlers {
    answered: Sliding,
    failed: Sliding,
}

impl Records {
    /// What is remembered of this version of an experiment, from now on together with what it goes on to do.
    pub(super) fn of(&mut self, experiment: &Experiment, version: Digest) -> Arc<Record> {
        let known = self.0.iter().position(|kept| kept.version == version);
        let kept = known.map(|index| self.0.remove(index)).unwrap_or_else(|| self.first(experiment, version));
        let record = Arc::clone(&kept.record);
        self.0.push(kept);
        let surplus = self.0.len().saturating_sub(RECORDS.size());
        self.0.drain(..surplus);
        record
    }

    fn first(&self, experiment: &Experiment, version: Digest) -> Kept {
        let minute = self.minute_of(&experiment.name).unwrap_or_else(no_minute);
        let record = Record { minute, ..Record::new(experiment) };
        Kept { name: experiment.name.clone(), version, record: Arc::new(record) }
    }

    /// What all versions of an experiment share.
    fn minute_of(&self, name: &str) -> Option<Arc<Mutex<Sliding>>> {
        self.0.iter().rev().find(|kept| kept.name == name).map(|kept| Arc::clone(&kept.record.minute))
    }
}

impl Record {
    /// Of an experiment that did nothing yet.
    pub(super) fn new(experiment: &Experiment) -> Self {
        let over = experiment.blast_radius.stop_when.map_or(StopWhen::DEFAULT_OVER, |stop_when| stop_when.over);
        let handlers = Handlers { answered: Sliding::new(over), failed: Sliding::new(over) };
        let (touched, stopped) = (AtomicU64::new(0), OnceLock::new());
        Self { minute: no_minute(), touched, handlers: Mutex::new(handlers), stopped }
    }

    /// Counts one more invocation as touched, where the budget allows one more.
    pub(super) fn touch(&self, budget: &Budget, now: Timestamp) -> Result<(), RefusalReason> {
        let mut minute = lock(&self.minute);
        let touched = self.touched.load(Ordering::Relaxed);
        if budget.per_environment.is_some_and(|most| touched >= most.get()) {
            return Err(RefusalReason::EnvironmentBudget);
        }
        if budget.per_minute.is_some_and(|most| minute.count(now) >= most.get()) {
            return Err(RefusalReason::MinuteBudget);
        }
        minute.add(now);
        self.touched.store(touched.saturating_add(1), Ordering::Relaxed);
        Ok(())
    }

    /// A handler answered. Says so where with this one it is enough, once.
    pub(super) fn answered(&self, stop_when: &StopWhen, failed: bool, now: Timestamp) -> Option<Stopped> {
        let mut handlers = lock(&self.handlers);
        handlers.answered.add(now);
        if failed {
            handlers.failed.add(now);
        }
        let stopped = Stopped { errors: handlers.failed.count(now), invocations: handlers.answered.count(now) };
        let enough = stop_when.reached(stopped.errors, stopped.invocations);
        (enough && self.stopped.set(stopped).is_ok()).then_some(stopped)
    }

    pub(super) fn stopped(&self) -> Option<Stopped> {
        self.stopped.get().copied()
    }
}

fn no_minute() -> Arc<Mutex<Sliding>> {
    Arc::new(Mutex::new(Sliding::new(MINUTE)))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

    pub(super) fn experiment(name: &str, bounds: &str) -> Experiment {
        let text = format!(
            "name = \"{name}\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"*\"]\n{bounds}\n[[policy]]\nuse = \"latency\"\n"
        );
        Experiment::from_toml(&text).unwrap()
    }

    /// Until the budget refuses, or so many times.
    pub(super) fn spend(record: &Record, experiment: &Experiment, now: Timestamp) -> (u64, Option<RefusalReason>) {
        let mut granted = 0;
        while granted < 1000 {
            match record.touch(&experiment.blast_radius.budget, now) {
                Ok(()) => granted += 1,
                Err(refused) => return (granted, Some(refused)),
            }
        }
        (granted, None)
    }

    pub(super) fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_new_version_refills_its_environment_but_not_its_minute() {
        let both = experiment("a", "budget = { per_environment = 5, per_minute = 3 }");
        let mut records = Records::default();
        let first = records.of(&both, Digest::of(b"1"));
        assert_eq!(spend(&first, &both, NOW), (3, Some(RefusalReason::MinuteBudget)));
        let second = records.of(&both, Digest::of(b"2"));
        assert_eq!(spend(&second, &both, after(60)), (0, Some(RefusalReason::MinuteBudget)));
        assert_eq!(spend(&second, &both, after(61)), (3, Some(RefusalReason::MinuteBudget)));
        let again = records.of(&both, Digest::of(b"1"));
        assert_eq!(spend(&again, &both, after(122)), (2, Some(RefusalReason::EnvironmentBudget)));
        let other = experiment("b", "budget = { per_minute = 3 }");
        let stranger = records.of(&other, Digest::of(b"3"));
        assert_eq!(spend(&stranger, &other, after(122)), (3, Some(RefusalReason::MinuteBudget)));
    }

    #[test]
    fn without_a_budget_nothing_is_refused_but_all_is_counted() {
        let (unbounded, bounded) = (experiment("a", ""), experiment("a", "budget = { per_minute = 3 }"));
        let mut records = Records::default();
        let first = records.of(&unbounded, Digest::of(b"1"));
        assert_eq!(spend(&first, &unbounded, NOW), (1000, None));
        let second = records.of(&bounded, Digest::of(b"2"));
        assert_eq!(spend(&second, &bounded, NOW), (0, Some(RefusalReason::MinuteBudget)));
    }

    #[test]
    fn what_was_stopped_stays_stopped_until_a_new_version() {
        let stopping = experiment("a", "stop_when = { handler_errors = 0.5, over = \"10s\", min_invocations = 4 }");
        let stop_when = stopping.blast_radius.stop_when.unwrap();
        let mut records = Records::default();
        let first = records.of(&stopping, Digest::of(b"1"));
        let told: Vec<_> =
            [true, false, false, true, true].map(|failed| first.answered(&stop_when, failed, NOW)).into();
        assert_eq!(told, [None, None, None, Some(Stopped { errors: 2, invocations: 4 }), None]);
        let stopped = Some(Stopped { errors: 2, invocations: 4 });
        assert_eq!(records.of(&stopping, Digest::of(b"1")).stopped(), stopped);
        assert_eq!(records.of(&stopping, Digest::of(b"2")).stopped(), None);
    }

    #[test]
    fn errors_that_slid_out_of_the_window_count_no_more() {
        let stopping = experiment("a", "stop_when = { handler_errors = 0.5, over = \"1m\", min_invocations = 4 }");
        let stop_when = stopping.blast_radius.stop_when.unwrap();
        let record = Record::new(&stopping);
        (0..3).for_each(|_| assert_eq!(record.answered(&stop_when, true, NOW), None));
        (0..4).for_each(|_| assert_eq!(record.answered(&stop_when, false, after(61)), None));
        assert_eq!(record.stopped(), None);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let experiment = experiment("a", "");
        let mut records = Records::default();
        let kept = records.of(&experiment, Digest::of(b"kept"));
        for number in 0..RECORDS.value - 1 {
            records.of(&experiment, Digest::of(&number.to_le_bytes()));
        }
        assert!(Arc::ptr_eq(&kept, &records.of(&experiment, Digest::of(b"kept"))));
        for number in 0..RECORDS.value {
            records.of(&experiment, Digest::of(&(1000 + number).to_le_bytes()));
        }
        assert!(!Arc::ptr_eq(&kept, &records.of(&experiment, Digest::of(b"kept"))));
        assert_eq!(records.0.len(), RECORDS.size());
    }

    #[test]
    fn a_budget_holds_under_concurrent_invocations() {
        let bounded = experiment("a", "budget = { per_environment = 500, per_minute = 100 }");
        let (record, granted) = (Record::new(&bounded), AtomicU64::new(0));
        for minute in 0..10 {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope
                        .spawn(|| granted.fetch_add(spend(&record, &bounded, after(61 * minute)).0, Ordering::Relaxed));
                }
            });
            assert_eq!(granted.load(Ordering::Relaxed), 500.min(100 * (minute + 1)));
        }
    }
}
