//! What policies see of an answer, and which of their wishes stand.

use std::sync::Arc;

use bytes::Bytes;
use misrule_engine::decision::{Decision, Enforcer, NoteKind, RefusalReason, Step};
use misrule_engine::invocation::{Answer, Invocation};

use crate::guest::{Bench, NOW, event, invocation};

const ALLOWED: &str = "faults = [\"set-status\"]";

fn after(enforcer: &Enforcer, invocation: &Arc<Invocation>, answer: Answer) -> Decision {
    let admission = enforcer.admit(invocation.head()).expect("it is admitted");
    enforcer.after(invocation, &admission, &Arc::new(answer), NOW)
}

fn whole(failed: bool) -> Answer {
    let body = Bytes::from_static(br#"{"statusCode": 203, "body": ""}"#);
    let invocation = invocation(1, event("/"));
    Answer::buffered(NOW, failed, None).with_body(body, invocation.answerable())
}

fn steps(decision: &Decision) -> Vec<(&str, &Step)> {
    decision.plan.steps().iter().map(|planned| (planned.policy.as_str(), &planned.step)).collect()
}

#[test]
fn a_policy_that_declares_answer_body_reads_the_answer_and_its_neighbour_does_not() {
    let enforcer = Bench::new().arm(&["reads-answer", "peeks-answer"], ALLOWED);
    let invocation = invocation(1, event("/"));
    let admission = enforcer.admit(invocation.head()).expect("it is admitted");
    assert!(admission.wants_after() && admission.wants_answer_body());
    let decision = after(&enforcer, &invocation, whole(false));
    assert_eq!(steps(&decision), [("reads-answer", &Step::SetStatus(503))]);
    let trapped: Vec<_> = decision.notes.iter().map(|note| (note.policy.as_str(), &note.what)).collect();
    let [("peeks-answer", NoteKind::Trapped { cause: "contract", detail })] = &trapped[..] else {
        panic!("{trapped:?}")
    };
    assert!(detail.contains("without the hook flag `answer-body`"), "{detail}");
}

#[test]
fn an_error_has_no_result_to_change() {
    let enforcer = Bench::new().arm(&["reads-answer"], ALLOWED);
    let decision = after(&enforcer, &invocation(1, event("/")), whole(true));
    assert!(decision.plan.is_empty());
    let reason = RefusalReason::HandlerFailed;
    assert!(
        matches!(decision.notes[..], [ref note] if matches!(note.what, NoteKind::Refused { reason: found, .. } if found == reason))
    );
}

#[test]
fn what_is_forbidden_before_the_handler_stays_so_after_it() {
    let enforcer = Bench::new().arm(&["reads-answer", "forbid"], ALLOWED);
    let invocation = invocation(1, event("/"));
    let admission = enforcer.admit(invocation.head()).expect("it is admitted");
    let decided = |admission| enforcer.after(&invocation, admission, &Arc::new(whole(false)), NOW);
    assert_eq!(steps(&decided(&admission)), [("reads-answer", &Step::SetStatus(503))], "nobody has forbidden it yet");
    enforcer.before(&invocation, &admission, NOW);
    assert_eq!(steps(&decided(&admission)), []);
}
