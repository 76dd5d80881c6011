//! What a report says loudly: that nothing was armed, or armed and nothing injected, and the likely causes out of the lines.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::environment::Environment;
use super::ledger::{Ledger, Version};
use super::summary::{Experiment, Place};
use super::tally::Reasons;
use super::wording::{among, counted, often};

/// Below this chance that so many invocations pass untouched, a rate is no explanation.
const UNLIKELY: f64 = 0.05;

/// How loudly something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weight {
    /// The experiment did not do anything.
    Loud,
    /// Something is worth knowing.
    Note,
}

/// Something to know, with its likely causes, likeliest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    pub(crate) says: String,
    pub(crate) causes: Vec<Cause>,
}

/// A likely cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Cause {
    pub(crate) cause: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Cause {
    fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), hint: None }
    }

    fn with_hint(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { cause: cause.into(), hint: Some(hint.into()) }
    }
}

/// All findings, loudest first.
pub(super) fn of(
    ledger: &Ledger,
    only: Option<&str>,
    experiments: &[Experiment],
    placed: &[(&Version, Vec<Place<'_>>)],
) -> Vec<Finding> {
    let mut findings: Vec<_> = placed.iter().filter_map(|(version, places)| stopped(version, places)).collect();
    findings.extend(never_armed(ledger, only, placed));
    findings.extend(experiments.iter().zip(placed).filter_map(|(experiment, (_, places))| idle(experiment, places)));
    findings.extend(experiments.iter().filter_map(less_than_asked));
    findings.extend(without_invocations(ledger, experiments));
    findings.sort_by_key(|finding| finding.weight);
    findings
}

/// "Stopped by its `stop_when`": the function itself suffered.
fn stopped(version: &Version, places: &[Place<'_>]) -> Option<Finding> {
    let reasons: Vec<_> = places.iter().filter_map(|place| place.in_force.stopped.as_ref()).collect();
    let (stopped, reason) = (reasons.len(), reasons.first()?);
    let armed = places.iter().filter(|place| place.armed()).count().max(stopped);
    let (name, environments) = (named(version), among(stopped, armed, "environment"));
    let example = if stopped == 1 { "" } else { "for example, " };
    let says = format!("STOPPED BY ITS `stop_when`: {name} in {environments}: {example}{reason}");
    Some(Finding { weight: Weight::Loud, says, causes: Vec::new() })
}

/// "Never armed": in none of the environments, or not in all.
fn never_armed(ledger: &Ledger, only: Option<&str>, placed: &[(&Version, Vec<Place<'_>>)]) -> Option<Finding> {
    let armed =
        |name: &str| placed.iter().flat_map(|(_, places)| places).any(|place| place.name == name && place.armed());
    let others: Vec<_> = ledger.environments.iter().filter(|(name, _)| !armed(name)).map(|(_, place)| place).collect();
    if others.is_empty() {
        return None;
    }
    let subject = only.map_or("no experiment".to_owned(), |only| format!("`{only}` never"));
    let (all, not) = (ledger.environments.len(), others.len());
    let (weight, says) = match not == all {
        true => (Weight::Loud, format!("NEVER ARMED: {subject} came into force in {}", counted(all, "environment"))),
        false => (Weight::Note, format!("{subject} came into force in {}", among(not, all, "environment"))),
    };
    Some(Finding { weight, says, causes: why_not_armed(ledger, only, &others) })
}

fn why_not_armed(ledger: &Ledger, only: Option<&str>, others: &[&Environment]) -> Vec<Cause> {
    if let Some(unnamed) = only.and_then(|only| unnamed(ledger, only)) {
        return vec![unnamed];
    }
    let mut seen = Reasons::default();
    let mut hints = BTreeMap::new();
    for place in others {
        hints.extend(place.hints.clone());
        // Once for each environment: how often a source failed says less than where.
        place.obstacles.0.keys().for_each(|what| seen.add(what.clone()));
        if place.obstacles.0.is_empty() {
            seen.add(silence(place));
        }
    }
    by_count(&seen.0, others.len(), &hints)
}

/// Where an experiment is asked for that no line names, and lines name others: perhaps it is misspelt.
fn unnamed(ledger: &Ledger, only: &str) -> Option<Cause> {
    let lines_name = ledger.environments.values().flat_map(names).collect::<BTreeSet<_>>();
    if lines_name.is_empty() || lines_name.contains(only) {
        return None;
    }
    Some(Cause::new(format!("no line names `{only}`; the lines name {}", listed(lines_name))))
}

fn names(place: &Environment) -> impl Iterator<Item = &str> {
    place.versions.keys().map(|version| version.experiment.as_str())
}

fn listed(names: BTreeSet<&str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

const NO_START: &str =
    "no `start` line: the layer did not run there, or MISRULE_LOG or a filter of the export hides its lines";
const NO_ANSWER: &str = "the layer started, and nothing came from its source while the log lasts";
const NO_RUNTIME: &str = "the layer started, but no runtime asked it for events";

fn silence(place: &Environment) -> String {
    match (place.has_started(), place.connected) {
        _ if !place.versions.is_empty() => format!("its lines name only {}", listed(names(place).collect())),
        (false, _) => NO_START.to_owned(),
        (true, false) => unasked_by_runtime(place),
        (true, true) => NO_ANSWER.to_owned(),
    }
}

/// Why no runtime asked for events: it failed before, or it does not know of the layer.
fn unasked_by_runtime(place: &Environment) -> String {
    place.failed_init.clone().unwrap_or_else(|| NO_RUNTIME.to_owned())
}

fn hint_for(what: &str) -> Option<&'static str> {
    match what {
        NO_START => Some("attach the layer to the function: /opt/extensions/misrule is what writes that line"),
        NO_RUNTIME => Some("set AWS_LAMBDA_EXEC_WRAPPER to /opt/misrule-wrapper on the function"),
        NO_ANSWER => Some("give it more events: a layer looks for news only while invocations arrive"),
        _ => None,
    }
}

fn by_count(seen: &BTreeMap<String, u64>, of: usize, hints: &BTreeMap<String, String>) -> Vec<Cause> {
    let mut counted: Vec<_> = seen.iter().collect();
    counted.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    let cause = |(what, count): (&String, &u64)| {
        let hint = hints.get(what).map(String::as_str).or(hint_for(what)).map(str::to_owned);
        let cause = if of == 1 { what.clone() } else { format!("in {count} of {of}: {what}") };
        Cause { cause, hint }
    };
    counted.into_iter().map(cause).collect()
}

/// "Armed, but nothing was injected".
fn idle(experiment: &Experiment, places: &[Place<'_>]) -> Option<Finding> {
    let armed = experiment.armed_in;
    if armed == 0 || experiment.policies.iter().any(|policy| policy.counts.acted > 0) {
        return None;
    }
    let name = named(&experiment.version);
    let says = format!("ARMED, BUT NOTHING WAS INJECTED: {name} in {}", counted(armed, "environment"));
    Some(Finding { weight: Weight::Loud, says, causes: why_idle(experiment, places) })
}

fn why_idle(experiment: &Experiment, places: &[Place<'_>]) -> Vec<Cause> {
    let would_have: u64 = experiment.policies.iter().map(|policy| policy.counts.would_have).sum();
    if would_have > 0 {
        let cause = format!("it is a dry run: {} would have injected", counted(would_have, "decision"));
        return vec![Cause::with_hint(cause, "take MISRULE_DRY_RUN away from the function to inject")];
    }
    let mut causes = by_place(places, |place| place.in_force.outside.0.keys().cloned().collect());
    causes.extend(reasons(experiment).map(Cause::new));
    causes.extend(by_place(places, |place| unconnected(place).into_iter().collect()));
    if let Some(starts) = &experiment.starts {
        causes.push(Cause::new(format!("it starts only at {starts}")));
    }
    if causes.is_empty() && places.iter().any(|place| place.armed() && place.in_force.stopped.is_none()) {
        causes.push(unasked(experiment));
    }
    causes.extend(experiment.ends.iter().map(|(why, times)| Cause::new(format!("disarmed {}: {why}", often(*times)))));
    causes
}

/// What the lines of environments in which it was armed say, once for each environment.
fn by_place(places: &[Place<'_>], say: impl Fn(&Place<'_>) -> Vec<String>) -> Vec<Cause> {
    let armed: Vec<_> = places.iter().filter(|place| place.armed()).collect();
    let mut seen = Reasons::default();
    let mut hints = BTreeMap::new();
    for place in &armed {
        hints.extend(place.environment.hints.clone());
        say(place).into_iter().for_each(|what| seen.add(what));
    }
    by_count(&seen.0, armed.len(), &hints)
}

fn unconnected(place: &Place<'_>) -> Option<String> {
    let Place { environment, .. } = place;
    (environment.has_started() && !environment.connected).then(|| unasked_by_runtime(environment))
}

/// No line says why: it depends on how many invocations there were.
fn unasked(experiment: &Experiment) -> Cause {
    let rate = experiment.rate.unwrap_or(1.0);
    match experiment.reach.invocations {
        Some(0) => Cause::new("no invocation started while it was armed"),
        Some(count) if (1.0 - rate).powf(count as f64) > UNLIKELY => {
            let expected = rate * count as f64;
            let cause =
                format!("its rate is {rate}: of {} it expects to touch {expected:.1}", counted(count, "invocation"));
            Cause::with_hint(cause, "raise the rate, or send more events")
        }
        count => {
            let count = count.map_or("how many invocations there were is not in the lines; no".to_owned(), |count| {
                format!("{} started while it was armed, and no", counted(count, "invocation"))
            });
            Cause::with_hint(
                format!("{count} policy asked for a fault"),
                "compare the policies' settings (paths, tenants, times, chances) with the events: the log holds neither",
            )
        }
    }
}

fn reasons(experiment: &Experiment) -> impl Iterator<Item = String> {
    let behind = experiment.still_armed_in > 0;
    experiment.policies.iter().flat_map(move |policy| {
        policy.reasons.iter().map(move |(why, times)| {
            let least = if behind && policy.spared.contains(why) { "at least " } else { "" };
            format!("`{}`, {least}{}: {why}", policy.policy, often(*times))
        })
    })
}

/// It acted, and yet less was done than was asked for.
fn less_than_asked(experiment: &Experiment) -> Option<Finding> {
    let causes: Vec<_> = reasons(experiment).map(Cause::new).collect();
    let acted = experiment.policies.iter().any(|policy| policy.counts.acted + policy.counts.would_have > 0);
    let says = format!("{} did less than its policies asked for", named(&experiment.version));
    (acted && !causes.is_empty()).then_some(Finding { weight: Weight::Note, says, causes })
}

/// Lambda's own lines are not there.
fn without_invocations(ledger: &Ledger, experiments: &[Experiment]) -> Option<Finding> {
    let causes = vec![Cause::with_hint(
        "neither START nor REPORT lines of Lambda are among the log events",
        "export the whole log, not only the layer's lines; with JSON logs, Lambda's system log level must be INFO",
    )];
    let says = "which share of the invocations was touched is not known".to_owned();
    let wanted = ledger.read.lambda == 0 && !experiments.is_empty();
    wanted.then_some(Finding { weight: Weight::Note, says, causes })
}

fn named(version: &Version) -> String {
    format!("`{}`, version {},", version.experiment, version.version)
}
