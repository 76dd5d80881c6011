//! Each crime of the committed component is caught for what it is, and injects nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use misrule_engine::decision::{Armoury, Carries, Decision, Enforcer, NoteKind};
use misrule_engine::delivery::{Form, Package};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;
use misrule_sdk::testing::{Event, World};

const COMPONENT: &[u8] = include_bytes!("../../crimes.wasm");
/// 2026-12-01 at midnight UTC, half an hour before every event of these tests.
const START: Timestamp = Timestamp::from_milliseconds(1_796_083_200_000);

fn arm(crime: &str) -> Enforcer {
    let experiment = format!(
        r#"{{ "name": "court", "starts": "2026-12-01T00:00:00Z", "expires": "2026-12-02T00:00:00Z",
              "blast_radius": {{ "functions": ["function"], "regions": ["us-east-1"] }},
              "policy": [{{ "module": "crimes.wasm", "settings": {{ "crime": "{crime}" }} }}] }}"#
    );
    let modules = BTreeMap::from([("crimes.wasm".to_owned(), Bytes::from_static(COMPONENT))]);
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

fn decide(enforcer: &Enforcer) -> Decision {
    let event = Event::get("/").at("2026-12-01T00:30:00Z");
    let invocation = Arc::new(event.to_invocation(&World::new()));
    let admission = enforcer.admit(invocation.head()).unwrap();
    enforcer.before(&invocation, &admission, invocation.head().arrived)
}

#[test]
fn each_crime_is_caught_for_what_it_is() {
    let crimes = [
        ("loop", "fuel"),
        ("memory", "memory"),
        ("panic", "panic"),
        ("stack", "stack"),
        ("plan", "plan"),
        ("copies", "host-copy"),
    ];
    for (crime, expected) in crimes {
        let decision = decide(&arm(crime));
        let cause = decision.notes.iter().find_map(|note| match note.what {
            NoteKind::Trapped { cause, .. } => Some(cause),
            _ => None,
        });
        assert_eq!(cause, Some(expected), "{crime}: {:?}", decision.notes);
        assert!(decision.plan.is_empty(), "{crime}");
    }
}

#[test]
fn a_panic_is_told_with_its_place_and_message() {
    let decision = decide(&arm("panic"));
    let told = format!("{:?}", decision.notes);
    assert!(told.contains("src/lib.rs:") && told.contains("lost its head"), "{told}");
}

#[test]
fn a_flood_of_log_lines_is_dammed() {
    let decision = decide(&arm("log"));
    let said = decision.notes.iter().filter(|note| matches!(note.what, NoteKind::Said { .. })).count();
    assert!(said <= misrule_engine::limits::LOG_LINES.size(), "{said} lines");
}

#[test]
fn a_kept_instance_with_a_static_decides_otherwise_than_a_fresh_one() {
    let kept = arm("static-counter");
    assert_eq!(decide(&kept).plan, decide(&arm("static-counter")).plan);
    assert_ne!(decide(&kept).plan, decide(&arm("static-counter")).plan);
}
