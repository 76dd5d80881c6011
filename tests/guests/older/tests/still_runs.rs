//! The engine of today runs a component that was built against an older contract.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use misrule_engine::decision::{Armoury, Carries, Enforcer, NoteKind};
use misrule_engine::delivery::{Form, Package};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::invocation::Answer;
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;
use misrule_sdk::testing::{Event, World};
use wit_parser::{Resolve, WorldItem};

const COMPONENT: &[u8] = include_bytes!("../../older.wasm");
const OLDER: &str = include_str!("../wit/policy.wit");
const CONTRACT: &str = include_str!("../../../../sdk/wit/policy.wit");
/// 2026-12-01 at midnight UTC, half an hour before every event of these tests.
const START: Timestamp = Timestamp::from_milliseconds(1_796_083_200_000);

/// The functions that a world imports, each with its interface.
fn functions(contract: &str) -> BTreeSet<String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", contract).unwrap();
    let world = resolve.select_world(&[package], Some("policy")).unwrap();
    let interfaces = resolve.worlds[world].imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(&resolve.interfaces[*id]),
        _ => None,
    });
    let named = |interface: &wit_parser::Interface| interface.name.clone().unwrap_or_default();
    interfaces.flat_map(|it| it.functions.keys().map(move |name| format!("{}.{name}", named(it)))).collect()
}

fn arm() -> Enforcer {
    let experiment = r#"{ "name": "heirloom", "starts": "2026-12-01T00:00:00Z", "expires": "2026-12-02T00:00:00Z",
        "blast_radius": { "functions": ["function"], "regions": ["us-east-1"] },
        "policy": [{ "module": "older.wasm", "settings": { "path": "/orders/{id}" } }] }"#;
    let modules = BTreeMap::from([("older.wasm".to_owned(), Bytes::from_static(COMPONENT))]);
    let digest = Digest::of(experiment.as_bytes());
    let experiment = Experiment::from_json(experiment.as_bytes()).unwrap();
    let package = Package::unsigned(experiment, Form::Bundle, modules, digest);
    let environment = Environment {
        function_name: "function".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: "us-east-1".to_owned(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    };
    let (sandbox, carries) = (Sandbox::new().unwrap(), Carries::everything());
    let ready_made = &|_: &str| None;
    Armoury { sandbox: &sandbox, ready_made, environment: &environment, carries: &carries, previous: None }
        .arm(&package, START)
        .unwrap()
}

#[test]
fn it_was_built_against_less_than_the_contract_and_nothing_else() {
    let (older, newest) = (functions(OLDER), functions(CONTRACT));
    assert!(older.is_subset(&newest), "{:?}", older.difference(&newest));
    for newer in ["faults.block-hosts", "faults.break-off", "settings.members", "clock.local", "chance.sticky"] {
        assert!(newest.contains(newer) && !older.contains(newer), "{newer}");
    }
}

#[test]
fn it_decides_as_its_source_says() {
    let enforcer = arm();
    for (path, hit) in [("/orders/7", true), ("/health", false)] {
        let event = Event::get(path).at("2026-12-01T00:30:00Z");
        let invocation = Arc::new(event.to_invocation(&World::new()));
        let admission = enforcer.admit(invocation.head()).unwrap();
        let decision = enforcer.before(&invocation, &admission, invocation.head().arrived);
        assert_eq!(decision.plan.steps().len(), if hit { 2 } else { 0 }, "{decision:?}");
        let said = decision.notes.iter().filter(|note| matches!(note.what, NoteKind::Said { .. })).count();
        assert_eq!(said, usize::from(hit), "{:?}", decision.notes);
        let answer = Arc::new(Answer::buffered(invocation.head().arrived, false, None));
        let decision = enforcer.after(&invocation, &admission, &answer, invocation.head().arrived);
        assert_eq!(decision.plan.steps().len(), 1, "{decision:?}");
    }
}
