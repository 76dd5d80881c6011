//! How several policies join, and what the guard leaves of their plans.

use std::time::Duration;

use misrule_engine::decision::{Carries, CutReason, Decision, FaultKind, Hook, NoteKind, RefusalReason};
use misrule_engine::experiment::Environment;

use crate::guest::{Bench, NOW, START, before, environment, event, invocation};

/// The plan as words: policy, kind, and milliseconds where it delays.
fn plan_of(decision: &Decision) -> Vec<String> {
    let word = |planned: &misrule_engine::decision::PlannedStep| match planned.step.as_delay() {
        Some(delay) => format!("{} {} {}", planned.policy, planned.step.kind(), delay.as_millis()),
        None => format!("{} {}", planned.policy, planned.step.kind()),
    };
    decision.plan.steps().iter().map(word).collect()
}

fn refusals(decision: &Decision) -> Vec<(FaultKind, RefusalReason)> {
    let refused = |what: &NoteKind| match what {
        NoteKind::Refused { kind, reason } => Some((*kind, *reason)),
        _ => None,
    };
    decision.notes.iter().filter_map(|note| refused(&note.what)).collect()
}

fn decide(fixtures: &[&'static str], blast_radius: &str) -> Decision {
    before(&Bench::new().arm(fixtures, blast_radius), &invocation(7, event("/health")))
}

#[test]
fn plans_join_in_order_and_the_first_final_step_ends_them() {
    assert_eq!(plan_of(&decide(&["delay", "fail", "respond"], "")), ["delay delay 200", "fail delay 50", "fail fail"]);
}

#[test]
fn one_policy_forbids_for_all() {
    let decision = decide(&["fail", "forbid"], "");
    assert!(decision.plan.is_empty());
    assert_eq!(decision.notes.last().unwrap().what, NoteKind::Forbidden("misrule".to_owned()));
}

#[test]
fn a_refused_final_step_does_not_end_the_plan() {
    let decision = decide(&["crash", "delay"], "");
    assert_eq!(plan_of(&decision), ["delay delay 200"]);
    assert_eq!(refusals(&decision), [(FaultKind::Crash, RefusalReason::NotAllowed)]);
}

#[test]
fn delays_are_cut_together() {
    let decision = decide(&["delay", "fail"], r#"max_delay = "220ms""#);
    assert_eq!(plan_of(&decision), ["delay delay 200", "fail delay 20", "fail fail"]);
    let cut = NoteKind::Cut {
        kind: FaultKind::Delay,
        wanted: Duration::from_millis(50),
        allowed: Duration::from_millis(20),
        reason: CutReason::MaxDelay,
    };
    assert_eq!(decision.notes[0].what, cut);
}

#[test]
fn a_delay_leaves_time_before_the_deadline() {
    let enforcer = Bench::new().arm(&["delay"], "");
    let invocation = invocation(0, event("/"));
    let admission = enforcer.admit(invocation.head()).unwrap();
    let late = invocation.head().deadline.minus(Duration::from_millis(130));
    let decision = enforcer.before(&invocation, &admission, late);
    assert_eq!(plan_of(&decision), ["delay delay 30"]);
    assert!(matches!(decision.notes[0].what, NoteKind::Cut { reason: CutReason::Deadline, .. }));
    let too_late = enforcer.before(&invocation, &admission, invocation.head().deadline);
    assert!(too_late.plan.is_empty());
}

#[test]
fn what_the_layer_or_the_event_cannot_take_is_refused() {
    let enforcer = Bench::new().arm(&["respond", "delay"], "");
    for no_request in [
        r#"{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}"#,
        r#"{"detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#,
        r#"{"requestContext":{"routeKey":"$disconnect","eventType":"DISCONNECT","connectionId":"x="}}"#,
        r#"{"requestContext":{"routeKey":"sendmessage","eventType":"MESSAGE","connectionId":"x="},"body":"{}"}"#,
        r#"{"order":7}"#,
    ] {
        let decision = before(&enforcer, &invocation(0, bytes::Bytes::from_static(no_request.as_bytes())));
        assert_eq!(
            (plan_of(&decision), refusals(&decision)),
            (vec!["delay delay 200".to_owned()], vec![(FaultKind::RespondHttp, RefusalReason::NoHttpRequest)]),
            "{no_request}"
        );
    }
    let connects = r#"{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","connectionId":"x="}}"#;
    let decision = before(&enforcer, &invocation(0, bytes::Bytes::from_static(connects.as_bytes())));
    assert_eq!(plan_of(&decision), ["respond respond-http"]);
    let carries = Carries::new(&[(Hook::Before, FaultKind::Fail), (Hook::After, FaultKind::Delay)]);
    let enforcer = Bench { carries, ..Bench::new() }.arm(&["fail"], "");
    let decision = before(&enforcer, &invocation(0, event("/")));
    assert_eq!(
        (plan_of(&decision), refusals(&decision)),
        (vec!["fail fail".to_owned()], vec![(FaultKind::Delay, RefusalReason::NotCarriedOut)])
    );
    let shared = Environment { initialization: "lambda-managed-instances".to_owned(), ..environment() };
    let enforcer = Bench { environment: shared, ..Bench::new() }.arm(&["crash"], r#"faults = ["crash"]"#);
    let decision = before(&enforcer, &invocation(0, event("/")));
    assert_eq!(refusals(&decision), [(FaultKind::Crash, RefusalReason::SharedEnvironment)]);
}

#[test]
fn outside_its_blast_radius_an_experiment_admits_nothing() {
    let admits = |blast_radius: &str, environment: Environment| {
        Bench { environment, ..Bench::new() }
            .arm(&["delay"], blast_radius)
            .admit(invocation(0, event("/")).head())
            .is_some()
    };
    assert!(admits("", environment()));
    assert!(!admits("", Environment { region: "eu-west-1".to_owned(), ..environment() }));
    assert!(!admits("", Environment { function_name: "orders".to_owned(), ..environment() }));
    assert!(!admits("rate = 0.0", environment()));
}

#[test]
fn nothing_is_decided_before_the_start_or_from_the_end_on() {
    let enforcer = Bench::new().arm(&["delay"], "");
    let end = enforcer.expires();
    assert_eq!(end, START.plus(Duration::from_secs(3600)));
    let millisecond = Duration::from_millis(1);
    let at = [START.minus(millisecond), START, end.minus(millisecond), end];
    assert_eq!(at.map(|now| enforcer.in_force(now)), [false, true, true, false]);
    let invocation = invocation(0, event("/"));
    let admission = enforcer.admit(invocation.head()).unwrap();
    assert!(!enforcer.before(&invocation, &admission, NOW).plan.is_empty());
    assert!(enforcer.before(&invocation, &admission, end).plan.is_empty());
}

#[test]
fn a_policy_that_is_not_drawn_is_not_asked() {
    let enforcer = Bench::new().arm(&["counter rate = 0.25"], "");
    let asked = (0..400).filter(|n| enforcer.admit(invocation(*n, event("/")).head()).is_some()).count();
    assert!((70..130).contains(&asked), "{asked} of 400");
}
