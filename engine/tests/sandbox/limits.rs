//! Whatever a guest does, the invocation passes as without it, and the cause is named.

use misrule_engine::decision::{LogLevel, NoteKind};
use misrule_engine::sandbox::{ContractError, SandboxError};

use crate::guest::{self, Bench, before, event, invocation, package};

/// Asks a fixture once, and returns the cause of its trap.
fn cause_of(fixture: &'static str) -> &'static str {
    let enforcer = Bench::new().arm(&[fixture], r#"faults = ["delay", "hang", "block-hosts"]"#);
    let large = String::from_utf8(event("/health").to_vec()).expect("an event of text").replacen(
        '{',
        &format!("{{\"pad\":\"{}\",", "x".repeat(500_000)),
        1,
    );
    let decision = before(&enforcer, &invocation(0, large.into()));
    assert!(decision.plan.is_empty(), "{fixture} left a plan");
    let traps = decision.notes.iter().filter_map(|note| match &note.what {
        NoteKind::Trapped { cause, detail } if !detail.is_empty() => Some(*cause),
        _ => None,
    });
    let causes: Vec<_> = traps.collect();
    assert_eq!(causes.len(), 1, "{fixture}: {:?}", decision.notes);
    causes[0]
}

#[test]
fn each_crime_has_its_cause() {
    let crimes = [
        ("loop", "fuel"),
        ("scan", "fuel"),
        ("bomb", "memory"),
        ("panic", "panic"),
        ("stack", "stack"),
        ("beyond", "stack"),
        ("guard", "stack"),
        ("far", "stack"),
        ("plan", "plan"),
        ("copies", "host-copy"),
        ("list", "host-copy"),
        ("late", "contract"),
        ("peek", "contract"),
        ("header", "contract"),
    ];
    for (fixture, cause) in crimes {
        assert_eq!(cause_of(fixture), cause, "{fixture}");
    }
}

#[test]
fn an_answer_that_is_no_http_is_refused_and_its_header_named() {
    let enforcer = Bench::new().arm(&["header"], "");
    let decision = before(&enforcer, &invocation(0, event("/")));
    let detail = "`respond-http` with a control character in the value of the header `misrule`".to_owned();
    assert_eq!(decision.notes[0].what, NoteKind::Trapped { cause: "contract", detail });
    assert!(decision.plan.is_empty(), "nothing of it stands");
}

#[test]
fn last_words_are_told() {
    let enforcer = Bench::new().arm(&["panic"], "");
    let decision = before(&enforcer, &invocation(0, event("/")));
    let said = NoteKind::Said { level: LogLevel::Error, message: "misrule".to_owned() };
    assert_eq!(decision.notes[0].what, said);
}

#[test]
fn the_third_trap_disables_the_policy_and_not_its_neighbour() {
    let enforcer = Bench::new().arm(&["loop", "delay"], "");
    let mut disabled = Vec::new();
    for number in 0..5 {
        let decision = before(&enforcer, &invocation(number, event("/")));
        assert_eq!(decision.plan.steps().len(), 1, "the neighbour acts");
        disabled.push(decision.notes.iter().any(|note| note.what == NoteKind::Disabled));
        let trapped = decision.notes.iter().any(|note| matches!(note.what, NoteKind::Trapped { .. }));
        assert_eq!(trapped, number < 3, "invocation {number}");
    }
    assert_eq!(disabled, [false, false, true, false, false]);
}

#[test]
fn what_a_trapped_hook_remembered_does_not_stand() {
    let enforcer = Bench::new().arm(&["forgetful"], "");
    let trapped = before(&enforcer, &invocation(0, event("/")));
    assert!(matches!(trapped.notes[0].what, NoteKind::Trapped { cause: "panic", .. }));
    let counted = before(&enforcer, &invocation(1, event("/")));
    assert_eq!(counted.plan.steps()[0].step.as_delay(), Some(std::time::Duration::from_millis(1)));
}

#[test]
fn a_policy_that_cannot_be_configured_refuses_the_experiment() {
    let bench = Bench::new();
    let error = bench.try_arm(&package(&["refuses"], ""), None).err().expect("refused");
    assert_eq!(error.to_string(), "policy `refuses`");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "it refuses its settings: misrule");
}

#[test]
fn a_loop_is_told_with_the_limit_of_the_call_that_it_is_in() {
    let bench = Bench::new();
    let error = bench.try_arm(&package(&["stuck"], ""), None).err().expect("refused");
    let told = "it failed while it was configured: more than 20000000 units (fuel per configure)";
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), told);
    let decision = before(&bench.arm(&["loop"], ""), &invocation(0, event("/")));
    let detail = "more than 1000000 units (fuel per hook)".to_owned();
    assert_eq!(decision.notes[0].what, NoteKind::Trapped { cause: "fuel", detail });
}

#[test]
fn what_is_no_component_of_our_world_is_refused_by_name() {
    let bench = Bench::new();
    let compile = |bytes: &[u8]| bench.sandbox.compile(bytes).err().expect("refused");
    let foreign =
        wat::parse_str(r#"(component (import "acme:kv/store@1.0.0" (instance (export "get" (func)))))"#).unwrap();
    let newer = wat::parse_str(r#"(component (import "misrule:policy/chance@0.2.0" (instance)))"#).unwrap();
    let whole = guest::component("quiet");
    let told = |bytes: &[u8]| compile(bytes).to_string();
    assert!(matches!(compile(b"PK\x03\x04 and more"), SandboxError::Contract(ContractError::NotWasm)));
    assert!(matches!(compile(b"\0asm\x01\0\0\0"), SandboxError::Contract(ContractError::CoreModule)));
    assert!(matches!(compile(&whole[..whole.len() / 2]), SandboxError::Invalid(_)));
    assert!(matches!(compile(&vec![0; 2 << 20]), SandboxError::TooLarge { bytes: 2_097_152 }));
    assert_eq!(
        told(&foreign),
        "it imports `acme:kv/store@1.0.0`, which is not part of the contract misrule:policy@0.1.0"
    );
    assert_eq!(
        told(&newer),
        "it is made for `misrule:policy/chance@0.2.0`, and this engine serves misrule:policy@0.1.0"
    );
    assert_eq!(
        told(&wat::parse_str("(component)").unwrap()),
        "it has no `configure`: not a component of the world misrule:policy/policy"
    );
}
