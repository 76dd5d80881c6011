//! The report itself, as data: what `--json` writes and what the table is made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::delays::Lengths;
use super::environment::{Environment, InForce};
use super::findings::{self, Finding};
use super::ledger::{Ledger, Read, Version};
use super::tally::{Reasons, Tally};
use super::times::Times;

/// What happened, by experiment version, policy and environment.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What loudly needs to be known, loudest first.
    pub(crate) findings: Vec<Finding>,
    /// In the order in which they were armed.
    pub(crate) experiments: Vec<Experiment>,
    /// Environments that any line came from.
    pub(crate) environments: usize,
    pub(crate) read: Read,
}

/// One version of an experiment.
#[derive(Debug, Serialize)]
pub(crate) struct Experiment {
    #[serde(flatten)]
    pub(crate) version: Version,
    pub(crate) hypothesis: Option<String>,
    pub(crate) starts: Option<String>,
    pub(crate) expires: Option<String>,
    /// The largest share of invocations that a policy is asked about; none where the line that says so is not there.
    pub(crate) rate: Option<f64>,
    /// Environments that it was armed in.
    pub(crate) armed_in: usize,
    /// Environments in which it is in force where the log ends: counts of what is told once a minute may come behind.
    pub(crate) still_armed_in: usize,
    #[serde(flatten)]
    pub(crate) times: Times,
    /// Of all its policies together: an invocation that two of them touched counts once.
    #[serde(flatten)]
    pub(crate) reach: Reach,
    pub(crate) policies: Vec<Policy>,
    /// Why it went, and how often.
    pub(crate) ends: BTreeMap<String, u64>,
}

/// Which share of the invocations was touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Reach {
    /// Invocations that started while it was armed, or waited for it; none where Lambda's own lines are not there.
    pub(crate) invocations: Option<u64>,
    /// Invocations whose faults were carried out.
    pub(crate) touched: u64,
    /// Touched invocations for each invocation, from 0 to 1.
    pub(crate) share: Option<f64>,
}

/// What a policy did.
#[derive(Debug, Serialize)]
pub(crate) struct Policy {
    pub(crate) policy: String,
    /// In all environments together.
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Why less was done than was asked for, and how often.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Those of them that may have come more often, where the log ends while the version is armed.
    #[serde(skip)]
    pub(crate) spared: BTreeSet<String>,
    pub(crate) environments: Vec<InEnvironment>,
}

/// What a policy did in one environment.
#[derive(Debug, Serialize)]
pub(crate) struct InEnvironment {
    /// Its log stream, or where its lines came from.
    pub(crate) environment: String,
    pub(crate) function: Option<String>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// The columns of the report. `README.md` says what each counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Counts {
    pub(crate) armed: u64,
    pub(crate) acted: u64,
    pub(crate) would_have: u64,
    pub(crate) cut: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    pub(crate) forbidden: u64,
    pub(crate) ended: u64,
    #[serde(flatten)]
    pub(crate) reach: Reach,
    /// Delay that was added; none where none was.
    pub(crate) delay: Option<Lengths>,
    /// Delay that a dry run would have added.
    pub(crate) would_have_delay: Option<Lengths>,
}

/// An experiment version where it was in force, or spoken of.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) environment: &'a Environment,
    pub(super) in_force: &'a InForce,
}

impl Place<'_> {
    /// Whether it was armed here, perhaps before the log begins.
    pub(super) fn armed(&self) -> bool {
        self.in_force.armed > 0 || self.in_force.policies.values().any(|tally| *tally != Tally::default())
    }

    /// Invocations while it was; at least those that it touched.
    pub(super) fn invocations(&self) -> u64 {
        self.in_force.invocations.max(self.in_force.touched())
    }
}

impl Report {
    /// The report on all that was read, or on one experiment.
    pub(crate) fn of(ledger: &Ledger, only: Option<&str>) -> Self {
        let versions: BTreeSet<_> = ledger.environments.values().flat_map(|place| place.versions.keys()).collect();
        let wanted = versions.into_iter().filter(|version| only.is_none_or(|only| version.experiment == only));
        let mut placed: Vec<_> = wanted.map(|version| (version, places(ledger, version))).collect();
        // What was in force before the log begins comes first.
        placed.sort_by_key(|(_, places)| times(places).begin());
        let told = ledger.read.lambda > 0;
        let experiments: Vec<_> = placed.iter().map(|(version, places)| experiment(version, places, told)).collect();
        let findings = findings::of(ledger, only, &experiments, &placed);
        Self { findings, experiments, environments: ledger.environments.len(), read: ledger.read }
    }
}

fn places<'a>(ledger: &'a Ledger, version: &Version) -> Vec<Place<'a>> {
    let there = ledger.environments.iter().filter_map(|(name, environment)| {
        let in_force = environment.versions.get(version)?;
        Some(Place { name, environment, in_force })
    });
    there.collect()
}

fn experiment(version: &Version, places: &[Place<'_>], told: bool) -> Experiment {
    let about = places.iter().find_map(|place| place.in_force.about.as_ref());
    let names: BTreeSet<_> = places.iter().flat_map(|place| place.in_force.policies.keys()).collect();
    let mut ends = Reasons::default();
    places.iter().for_each(|place| ends.merge(&place.in_force.ends));
    let touched = places.iter().map(|place| place.in_force.touched()).sum();
    let still_armed = |place: &&Place<'_>| place.environment.armed.as_ref() == Some(version);
    Experiment {
        version: version.clone(),
        hypothesis: about.and_then(|about| about.hypothesis.clone()),
        starts: about.and_then(|about| about.starts.clone()),
        expires: about.map(|about| about.expires.clone()),
        rate: about.map(|about| about.rate),
        armed_in: places.iter().filter(|place| place.armed()).count(),
        still_armed_in: places.iter().filter(still_armed).count(),
        times: times(places),
        reach: Reach::new(told.then(|| places.iter().map(Place::invocations).sum()), touched),
        policies: names.into_iter().map(|name| policy(name, places, told)).collect(),
        ends: ends.0,
    }
}

fn times(places: &[Place<'_>]) -> Times {
    let mut times = Times::default();
    places.iter().for_each(|place| times.merge(&place.in_force.times));
    times
}

fn policy(name: &str, places: &[Place<'_>], told: bool) -> Policy {
    let there: Vec<_> = places.iter().filter_map(|place| Some((place, place.in_force.policies.get(name)?))).collect();
    let mut all = Tally::default();
    there.iter().for_each(|(_, tally)| all.merge(tally));
    let armed = there.iter().map(|(place, _)| place.in_force.armed).sum();
    let invocations = told.then(|| there.iter().map(|(place, _)| place.invocations()).sum());
    let touched = there.iter().map(|(_, tally)| tally.touched()).sum();
    let one = |(place, tally): &(&Place<'_>, &Tally)| InEnvironment {
        environment: place.name.to_owned(),
        function: place.environment.function.clone(),
        counts: Counts::new(
            place.in_force.armed,
            tally,
            Reach::new(told.then(|| place.invocations()), tally.touched()),
        ),
    };
    Policy {
        policy: name.to_owned(),
        counts: Counts::new(armed, &all, Reach::new(invocations, touched)),
        environments: there.iter().map(one).collect(),
        reasons: all.reasons.0,
        spared: all.spared,
    }
}

impl Counts {
    fn new(armed: u64, tally: &Tally, reach: Reach) -> Self {
        Self {
            armed,
            acted: tally.acted,
            would_have: tally.would_have,
            cut: tally.cut,
            refused: tally.refused,
            failed: tally.failed,
            forbidden: tally.forbidden,
            ended: tally.ended,
            reach,
            delay: tally.delays.lengths(),
            would_have_delay: tally.dry_delays.lengths(),
        }
    }
}

impl Reach {
    fn new(invocations: Option<u64>, touched: u64) -> Self {
        let share = invocations.filter(|all| *all > 0).map(|all| (touched as f64 / all as f64).min(1.0));
        Self { invocations, touched, share }
    }
}
