//! An experiment is the same in every form that it takes.

use std::num::NonZeroU64;

use proptest::prelude::*;

use super::*;
use crate::decision::PolicyName;

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}"
}

fn list(names: &'static str) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(names, 0..3)
}

fn component() -> impl Strategy<Value = ComponentRef> {
    prop_oneof![
        name().prop_map(ComponentRef::ReadyMade),
        name().prop_map(|stem| ComponentRef::Module(format!("{stem}.wasm"))),
    ]
}

fn policy() -> impl Strategy<Value = PolicyUse> {
    let settings = prop::collection::btree_map("\\PC{0,6}", any::<f64>().prop_map(|number| json!(number)), 0..4);
    (name(), component(), 0.0..=1.0, settings).prop_map(|(name, component, share, settings)| PolicyUse {
        name: PolicyName::new(&name),
        component,
        rate: Rate::new(share).unwrap(),
        settings: serde_json::Value::Object(settings.into_iter().collect()),
    })
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let span = (1_700_000_000_000_u64..1_900_000_000_000, 1_u64..=604_800_000, any::<bool>(), any::<bool>());
    let radius = (
        0.0..=1.0,
        prop::option::of(0_u64..100_000_000),
        1_u64..100_000_000,
        prop::sample::subsequence(FaultKind::ALL, 1..5),
    );
    let count = || prop::option::of((1_u64..1 << 62).prop_map(|count| NonZeroU64::new(count).unwrap()));
    let bounds =
        (list("[0-9]{12}"), count(), count(), prop::option::of((0.001..=1.0, 1_u64..100_000_000, 1_u64..1 << 62)));
    let published_to = (list("[0-9]{12}"), list("eu-[a-z]{1,5}-[1-9]"), list("[a-zé ]{1,5}[a-z]"));
    let rest = (name(), prop::option::of("\\PC*"), prop::collection::btree_map(name(), policy(), 1..5), any::<bool>());
    (span, published_to, radius, bounds, rest).prop_map(
        |(span, published_to, radius, bounds, (name, hypothesis, policies, here))| {
            let (accounts, regions, environments) = published_to;
            let starts = Timestamp::from_milliseconds(span.0);
            let length = Duration::from_millis(span.1);
            let policies =
                policies.into_iter().map(|(name, policy)| PolicyUse { name: PolicyName::new(&name), ..policy });
            Experiment {
                name,
                hypothesis,
                starts: span.2.then_some(starts),
                ends: if span.3 { Ends::At(starts.plus(length)) } else { Ends::After(length) },
                published_to: PublishedTo { accounts, regions, environments },
                blast_radius: BlastRadius {
                    functions: vec![FunctionPattern::parse("a-?*:$LATEST").unwrap()],
                    regions: if here { vec!["eu-west-1".to_owned()] } else { Vec::new() },
                    faults: radius.3,
                    rate: Rate::new(radius.0).unwrap(),
                    max_delay: radius.1.map(Duration::from_millis),
                    accounts: bounds.0,
                    budget: Budget { per_environment: bounds.1, per_minute: bounds.2 },
                    stop_when: bounds.3.map(|(share, over, count)| StopWhen {
                        handler_errors: Rate::new(share).unwrap(),
                        over: Duration::from_millis(over),
                        min_invocations: NonZeroU64::new(count).unwrap(),
                    }),
                    max_age: Duration::from_millis(radius.2),
                    partial_batches: here,
                },
                policies: policies.collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn an_experiment_survives_json_and_toml(experiment in experiment()) {
        let json = experiment.to_json();
        prop_assert_eq!(&Experiment::from_json(json.as_bytes()), &Ok(experiment.clone()));
        let toml: toml::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(Experiment::from_toml(&toml_text(&toml)), Ok(experiment));
    }
}

/// The crate writes no TOML, so the test does: each top-level member as an inline value.
fn toml_text(value: &toml::Value) -> String {
    value.as_table().unwrap().iter().map(|(name, value)| format!("{name} = {}\n", inline(value))).collect()
}

fn inline(value: &toml::Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Array(items) => format!("[{}]", list(items.iter().map(inline).collect())),
        toml::Value::Table(table) => {
            let members = table.iter().map(|(name, value)| format!("{} = {}", quoted(name), inline(value)));
            format!("{{ {} }}", list(members.collect()))
        }
        toml::Value::Float(number) => format!("{number:?}"),
        other => json!(other).to_string(),
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\U{:08X}", u32::from(letter)),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
