//! The committed components: each has its folder, and decides as its source does natively.
//!
//! `MISRULE_COMPONENTS` names a folder of other components to test in their place: CI builds them anew.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod compiled;
mod golden;
mod images;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use error::HandlerError;
use latency::Latency;
use misrule_policies::READY_MADE;
use misrule_sdk::testing::{Event, World};
use misrule_sdk::{Plan, Policy};
use path_outage::PathOutage;

use compiled::{Compiled, EXPERIMENT};

/// What a component may take, so that a bundle of several fits into AppConfig.
const LARGEST: usize = 64 * 1024;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the policy's source asks for, and what its component asks for.
fn both<P: Policy>(name: &str, settings: &str, events: &[Event]) -> Vec<(Plan, Vec<String>)> {
    let native = World::new().experiment(EXPERIMENT).policy(name).configure::<P>(settings).unwrap();
    let compiled = Compiled::arm(name, settings).unwrap();
    events.iter().map(|event| (native.before(event), compiled.before(event))).collect()
}

#[track_caller]
fn assert_alike<P: Policy>(name: &str, settings: &str, events: &[Event]) {
    for ((native, compiled), event) in both::<P>(name, settings, events).iter().zip(events) {
        let native: Vec<_> = native.steps().iter().map(compiled::step).collect();
        assert_eq!(*compiled, native, "{settings}\n{}", event.to_json());
    }
}

fn events() -> Vec<Event> {
    let events = [
        Event::get("/health"),
        Event::get("/orders/17?verbose=1"),
        Event::post("/orders").header("content-type", "application/json").body("{}"),
        Event::get("/%68ealth"),
        Event::json(r#"{ "order": 17 }"#),
        Event::json("not JSON"),
    ];
    let instants = ["2026-12-01T09:30:00+01:00", "2026-12-01T22:00:00Z", "2026-12-06T03:00:00Z"];
    let at = |event: &Event| instants.map(|instant| event.clone().at(instant).request_id(instant));
    events.iter().flat_map(at).collect()
}

#[test]
fn path_outage_decides_as_its_source_does() {
    for settings in [
        r#"{ "paths": ["/health"] }"#,
        r#"{ "paths": ["/health", "/orders/**"], "methods": ["get"], "status": 404, "body": "[]" }"#,
        r#"{ "paths": ["/**"], "headers": { "a": "1", "b": "2" },
             "window": { "days": ["tue"], "from": "20:00", "to": "04:30", "zone": "America/New_York" } }"#,
    ] {
        assert_alike::<PathOutage>("path-outage", settings, &events());
    }
}

#[test]
fn latency_decides_as_its_source_does() {
    for settings in [
        r#"{ "delay": "1s250ms" }"#,
        r#"{ "uniform": { "min": "10ms", "max": "3s" }, "paths": ["/orders/{id}"], "methods": ["GET"] }"#,
        r#"{ "uniform": { "min": "0s", "max": "3s" } }"#,
        r#"{ "log_normal": { "median": "80ms", "p99": "2s" } }"#,
        r#"{ "log_normal": { "median": "1s", "p99": "30s", "max": "20s" }, "leave": "12s" }"#,
        r#"{ "leave": "29s", "methods": ["get"] }"#,
    ] {
        assert_alike::<Latency>("latency", settings, &events());
    }
}

#[test]
fn error_decides_as_its_source_does() {
    for settings in [
        "{}",
        r#"{ "error_type": "Function.PaymentDown", "message": "no \"money\"", "paths": ["/orders/**"] }"#,
        r#"{ "message": "", "methods": ["post"] }"#,
    ] {
        assert_alike::<HandlerError>("error", settings, &events());
    }
}

#[test]
fn a_mistake_in_the_settings_is_told_as_the_source_tells_it() {
    let settings = r#"{ "pahts": [], "paths": ["health"], "status": 1e9, "window": { "zone": 5 } }"#;
    let native = misrule_sdk::testing::configure::<PathOutage>(settings).map(drop).unwrap_err();
    let compiled = Compiled::arm("path-outage", settings).map(drop).unwrap_err();
    assert!(compiled.contains(&native), "{compiled}\n{native}");
}

#[test]
fn each_policy_has_a_folder_with_a_readme_and_tests() {
    let is_policy = |path: &PathBuf| path.join("Cargo.toml").is_file();
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let folders: BTreeSet<_> =
        entries.filter(is_policy).map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let listed: BTreeSet<_> = READY_MADE.iter().map(|policy| policy.name.to_owned()).collect();
    assert_eq!(folders, listed);
    for name in listed {
        let readme = fs::read_to_string(folder().join(&name).join("README.md")).unwrap();
        assert!(readme.contains(&format!("\"{name}\"")), "{name}: its README shows no experiment that uses it");
        assert!(fs::read_to_string(folder().join(&name).join("src/tests.rs")).unwrap().contains("#[test]"), "{name}");
    }
}

#[test]
fn each_policy_has_a_component_of_modest_size_and_a_row_in_the_readme() {
    let files = fs::read_dir(folder().join("components")).unwrap().map(|entry| entry.unwrap().path());
    let compiled: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(compiled, READY_MADE.iter().map(|policy| policy.name.to_owned()).collect());
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for policy in READY_MADE {
        let size = compiled::bytes(policy.name).len();
        assert!(size <= LARGEST, "{}: {size} bytes", policy.name);
        assert!(readme.contains(&format!("| [{0}]({0}) | {1} |", policy.name, policy.summary)), "{}", policy.name);
    }
}
