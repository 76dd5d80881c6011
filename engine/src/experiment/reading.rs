//! From the wire types to an experiment that holds what it promises.

use std::collections::BTreeSet;
use std::time::Duration;

use super::names::{is_account, is_appconfig_environment, is_name, is_region, module_stem};
use super::schedule::{Rate, read_duration, read_instant};
use super::{
    BlastRadius, Budget, ComponentRef, Ends, Experiment, ExperimentError, FunctionPattern, PolicyUse, Problem,
    PublishedTo, StopWhen, wire,
};
use crate::decision::{FaultKind, PolicyName};
use crate::limits::POLICIES;

impl TryFrom<wire::Experiment> for Experiment {
    type Error = ExperimentError;

    fn try_from(wire: wire::Experiment) -> Result<Self, ExperimentError> {
        let name = name("name", required("name", wire.name)?)?;
        let starts = optional("starts", wire.starts, read_instant)?;
        let ends = ends(wire.expires, wire.duration)?;
        let published_to = wire.published_to.map(|table| published_to(table.0)).transpose()?.unwrap_or_default();
        let blast_radius = blast_radius(required("blast_radius", wire.blast_radius)?.0)?;
        let policies = policies(required("policy", wire.policy)?.0)?;
        let experiment = Self { name, hypothesis: wire.hypothesis, starts, ends, published_to, blast_radius, policies };
        experiment.check_span()?;
        Ok(experiment)
    }
}

fn ends(expires: Option<String>, duration: Option<String>) -> Result<Ends, ExperimentError> {
    match (expires, duration) {
        (Some(_), Some(_)) => Err(ExperimentError::new("duration", Problem::TwoEnds)),
        (None, None) => Err(ExperimentError::new("expires", Problem::Missing)),
        (Some(expires), None) => Ok(Ends::At(read("expires", &expires, read_instant)?)),
        (None, Some(duration)) => Ok(Ends::After(some_time("duration", &duration)?)),
    }
}

fn published_to(wire: wire::PublishedTo) -> Result<PublishedTo, ExperimentError> {
    Ok(PublishedTo {
        accounts: said("published_to.accounts", wire.accounts, read_account)?,
        regions: said("published_to.regions", wire.regions, read_region)?,
        environments: said("published_to.environments", wire.environments, read_appconfig_environment)?,
    })
}

fn blast_radius(wire: wire::BlastRadius) -> Result<BlastRadius, ExperimentError> {
    let functions = required("blast_radius.functions", wire.functions)?;
    let faults = wire.faults.map(|kinds| each("blast_radius.faults", &kinds.0, read_fault)).transpose()?;
    let max_age = wire.max_age.map(|text| some_time("blast_radius.max_age", &text)).transpose()?;
    Ok(BlastRadius {
        functions: each("blast_radius.functions", &functions.0, read_function)?,
        accounts: said("blast_radius.accounts", wire.accounts, read_account)?,
        regions: said("blast_radius.regions", wire.regions, read_region)?,
        faults: faults.unwrap_or_else(|| BlastRadius::DEFAULT_FAULTS.to_vec()),
        rate: rate("blast_radius.rate", wire.rate.as_ref())?,
        max_delay: optional("blast_radius.max_delay", wire.max_delay, read_duration)?,
        budget: wire.budget.map(|table| budget(&table.0)).transpose()?.unwrap_or_default(),
        stop_when: wire.stop_when.map(|table| stop_when(table.0)).transpose()?,
        max_age: max_age.unwrap_or(BlastRadius::DEFAULT_MAX_AGE),
        partial_batches: wire.partial_batches.unwrap_or_default(),
    })
}

fn budget(wire: &wire::Budget) -> Result<Budget, ExperimentError> {
    let count = |count: &wire::Count| count.0;
    let budget = Budget {
        per_environment: wire.per_environment.as_ref().map(count),
        per_minute: wire.per_minute.as_ref().map(count),
    };
    let empty = || ExperimentError::new("blast_radius.budget", Problem::Empty);
    if budget.is_unbounded() { Err(empty()) } else { Ok(budget) }
}

fn stop_when(wire: wire::StopWhen) -> Result<StopWhen, ExperimentError> {
    let errors = "blast_radius.stop_when.handler_errors";
    let handler_errors = rate(errors, Some(&required(errors, wire.handler_errors)?))?;
    if handler_errors.share() <= 0.0 {
        return Err(ExperimentError::new(errors, Problem::NoShare));
    }
    let over = wire.over.map(|text| some_time("blast_radius.stop_when.over", &text)).transpose()?;
    Ok(StopWhen {
        handler_errors,
        over: over.unwrap_or(StopWhen::DEFAULT_OVER),
        min_invocations: wire.min_invocations.map_or(StopWhen::DEFAULT_MIN_INVOCATIONS, |count| count.0),
    })
}

fn policies(wires: Vec<wire::Table<wire::PolicyUse>>) -> Result<Vec<PolicyUse>, ExperimentError> {
    let refused = |problem| Err(ExperimentError::new("policy", problem));
    if wires.is_empty() {
        return refused(Problem::Empty);
    }
    if !POLICIES.admits(wires.len()) {
        return refused(Problem::TooMany);
    }
    let numbered = wires.into_iter().enumerate();
    let policies =
        numbered.map(|(n, table)| policy(&format!("policy[{n}]"), table.0)).collect::<Result<Vec<_>, _>>()?;
    no_name_twice(&policies)?;
    Ok(policies)
}

fn policy(path: &str, wire: wire::PolicyUse) -> Result<PolicyUse, ExperimentError> {
    let (component, default) = match (wire.ready_made, wire.module) {
        (Some(ready_made), None) => {
            let ready_made = name(&format!("{path}.use"), ready_made)?;
            (ComponentRef::ReadyMade(ready_made.clone()), ready_made)
        }
        (None, Some(file)) => module(&format!("{path}.module"), file)?,
        _ => return Err(ExperimentError::new(path, Problem::Component)),
    };
    let own = wire.name.map(|own| name(&format!("{path}.name"), own)).transpose()?;
    Ok(PolicyUse {
        name: PolicyName::new(&own.unwrap_or(default)),
        component,
        rate: rate(&format!("{path}.rate"), wire.rate.as_ref())?,
        settings: wire.settings.map(|settings| settings.0).unwrap_or_default().into(),
    })
}

fn module(path: &str, file: String) -> Result<(ComponentRef, String), ExperimentError> {
    match module_stem(&file).map(str::to_owned) {
        Some(stem) => Ok((ComponentRef::Module(file), stem)),
        None => Err(ExperimentError::new(path, Problem::Module(file))),
    }
}

fn no_name_twice(policies: &[PolicyUse]) -> Result<(), ExperimentError> {
    let mut names = BTreeSet::new();
    match policies.iter().enumerate().find(|(_, policy)| !names.insert(&policy.name)) {
        Some((n, policy)) => {
            Err(ExperimentError::new(format!("policy[{n}]"), Problem::NameTaken(policy.name.as_str().to_owned())))
        }
        None => Ok(()),
    }
}

fn read_fault(text: &str) -> Result<FaultKind, Problem> {
    text.parse().map_err(Problem::Fault)
}

fn read_function(text: &str) -> Result<FunctionPattern, Problem> {
    FunctionPattern::parse(text).ok_or_else(|| Problem::Function(text.to_owned()))
}

fn read_region(text: &str) -> Result<String, Problem> {
    is_region(text).then(|| text.to_owned()).ok_or_else(|| Problem::Region(text.to_owned()))
}

fn read_account(text: &str) -> Result<String, Problem> {
    is_account(text).then(|| text.to_owned()).ok_or_else(|| Problem::Account(text.to_owned()))
}

fn read_appconfig_environment(text: &str) -> Result<String, Problem> {
    let named = is_appconfig_environment(text).then(|| text.to_owned());
    named.ok_or_else(|| Problem::AppConfigEnvironment(text.to_owned()))
}

fn rate(path: &str, wire: Option<&wire::Number>) -> Result<Rate, ExperimentError> {
    let share = wire.map_or(Rate::ALL.share(), |number| number.0);
    Rate::new(share).ok_or_else(|| ExperimentError::new(path, Problem::Rate(share)))
}

fn name(path: &str, text: String) -> Result<String, ExperimentError> {
    if is_name(&text) { Ok(text) } else { Err(ExperimentError::new(path, Problem::Name(text))) }
}

fn some_time(path: &str, text: &str) -> Result<Duration, ExperimentError> {
    match read(path, text, read_duration)? {
        Duration::ZERO => Err(ExperimentError::new(path, Problem::Nothing)),
        duration => Ok(duration),
    }
}

fn required<T>(path: &str, field: Option<T>) -> Result<T, ExperimentError> {
    field.ok_or_else(|| ExperimentError::new(path, Problem::Missing))
}

fn optional<T>(
    path: &str,
    field: Option<String>,
    reader: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Option<T>, ExperimentError> {
    field.map(|text| read(path, &text, reader)).transpose()
}

/// A list with at least one element where it is there, and else without.
fn said<T>(
    path: &str,
    texts: Option<wire::List<String>>,
    reader: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, ExperimentError> {
    texts.map_or(Ok(Vec::new()), |texts| each(path, &texts.0, reader))
}

/// A list with at least one element.
fn each<T>(
    path: &str,
    texts: &[String],
    reader: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, ExperimentError> {
    if texts.is_empty() {
        return Err(ExperimentError::new(path, Problem::Empty));
    }
    texts.iter().enumerate().map(|(n, text)| read(&format!("{path}[{n}]"), text, &reader)).collect()
}

fn read<T>(path: &str, text: &str, reader: impl Fn(&str) -> Result<T, Problem>) -> Result<T, ExperimentError> {
    reader(text).map_err(|problem| ExperimentError::new(path, problem))
}
