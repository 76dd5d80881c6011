//! The form that experiments have in TOML and in JSON.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schedule::{self, Rate};
use super::{
    BlastRadius as InnerRadius, Budget as InnerBudget, ComponentRef, Ends, Experiment as InnerExperiment,
    PolicyUse as InnerPolicy, PublishedTo as InnerPublishedTo, StopWhen as InnerStopWhen,
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Experiment {
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hypothesis: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) published_to: Option<Table<PublishedTo>>,
    pub(super) blast_radius: Option<Table<BlastRadius>>,
    pub(super) policy: Option<List<Table<PolicyUse>>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedTo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accounts: Option<List<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regions: Option<List<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environments: Option<List<String>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlastRadius {
    pub(super) functions: Option<List<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accounts: Option<List<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regions: Option<List<String>>,
    pub(super) faults: Option<List<String>>,
    pub(super) rate: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_delay: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) budget: Option<Table<Budget>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_when: Option<Table<StopWhen>>,
    pub(super) max_age: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partial_batches: Option<bool>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_environment: Option<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_minute: Option<Count>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopWhen {
    pub(super) handler_errors: Option<Number>,
    pub(super) over: Option<String>,
    pub(super) min_invocations: Option<Count>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyUse {
    pub(super) name: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(super) ready_made: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) module: Option<String>,
    pub(super) rate: Option<Number>,
    pub(super) settings: Option<Settings>,
}

/// Fields by their names. Serde takes a list in their place, too, a value for each: that is refused.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Table<T>(pub(super) T);

/// What a message calls a table's fields where something else stands.
pub(super) trait Fields {
    const NAMED: &'static str;
}

macro_rules! fields {
    ($($table:ident: $named:literal;)*) => { $(impl Fields for $table { const NAMED: &'static str = $named; })* };
}

fields! {
    Experiment: "the fields of an experiment";
    PublishedTo: "the fields of what it was published to";
    BlastRadius: "the fields of a blast radius";
    Budget: "the fields of a budget";
    StopWhen: "the fields of `stop_when`";
    PolicyUse: "the fields of a policy";
}

impl<'de, T: Deserialize<'de> + Fields> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Fields> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::NAMED)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Table<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Table)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(List(items))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Count(pub(super) NonZeroU64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number from 1 on")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
        let count = NonZeroU64::new(number).map(Count);
        count.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
        let count = u64::try_from(number).ok().and_then(NonZeroU64::new).map(Count);
        count.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Settings(pub(super) Map<String, Value>);

impl From<&InnerExperiment> for Experiment {
    fn from(experiment: &InnerExperiment) -> Self {
        let (expires, duration) = match experiment.ends {
            Ends::At(instant) => (Some(instant.to_string()), None),
            Ends::After(duration) => (None, Some(schedule::write_duration(duration))),
        };
        Self {
            name: Some(experiment.name.clone()),
            hypothesis: experiment.hypothesis.clone(),
            starts: experiment.starts.map(|starts| starts.to_string()),
            expires,
            duration,
            published_to: said_to(&experiment.published_to),
            blast_radius: Some(Table(BlastRadius::from(&experiment.blast_radius))),
            policy: Some(List(experiment.policies.iter().map(|policy| Table(PolicyUse::from(policy))).collect())),
        }
    }
}

impl From<&InnerRadius> for BlastRadius {
    fn from(radius: &InnerRadius) -> Self {
        Self {
            functions: Some(List(radius.functions.iter().map(ToString::to_string).collect())),
            accounts: said(&radius.accounts),
            regions: said(&radius.regions),
            faults: Some(List(radius.faults.iter().map(|kind| kind.name().to_owned()).collect())),
            rate: Some(number(radius.rate)),
            max_delay: radius.max_delay.map(schedule::write_duration),
            budget: (!radius.budget.is_unbounded()).then(|| Table(Budget::from(&radius.budget))),
            stop_when: radius.stop_when.as_ref().map(|stop_when| Table(StopWhen::from(stop_when))),
            max_age: Some(schedule::write_duration(radius.max_age)),
            partial_batches: radius.partial_batches.then_some(true),
        }
    }
}

impl From<&InnerBudget> for Budget {
    fn from(budget: &InnerBudget) -> Self {
        Self { per_environment: budget.per_environment.map(Count), per_minute: budget.per_minute.map(Count) }
    }
}

impl From<&InnerStopWhen> for StopWhen {
    fn from(stop_when: &InnerStopWhen) -> Self {
        Self {
            handler_errors: Some(number(stop_when.handler_errors)),
            over: Some(schedule::write_duration(stop_when.over)),
            min_invocations: Some(Count(stop_when.min_invocations)),
        }
    }
}

impl From<&InnerPolicy> for PolicyUse {
    fn from(policy: &InnerPolicy) -> Self {
        let (ready_made, module) = match &policy.component {
            ComponentRef::ReadyMade(name) => (Some(name.clone()), None),
            ComponentRef::Module(file) => (None, Some(file.clone())),
        };
        let settings = policy.settings.as_object().cloned().map(Settings);
        Self {
            name: Some(policy.name.as_str().to_owned()),
            ready_made,
            module,
            rate: Some(number(policy.rate)),
            settings,
        }
    }
}

/// None where it says nothing.
fn said_to(published: &InnerPublishedTo) -> Option<Table<PublishedTo>> {
    let InnerPublishedTo { accounts, regions, environments } = published;
    let said_to = PublishedTo { accounts: said(accounts), regions: said(regions), environments: said(environments) };
    (*published != InnerPublishedTo::default()).then_some(Table(said_to))
}

/// A list; none where it is empty.
fn said(names: &[String]) -> Option<List<String>> {
    (!names.is_empty()).then(|| List(names.to_vec()))
}

fn number(rate: Rate) -> Number {
    Number(rate.share())
}
