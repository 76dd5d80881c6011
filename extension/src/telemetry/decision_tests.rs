//! The lines of real decisions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::decision::{
    Armoury, Carries, CutReason, Decision, Enforcer, FaultKind, Hook, LogLevel, Note, NoteKind, PolicyName,
    RefusalReason,
};
use misrule_engine::delivery::Delivery;
use misrule_engine::experiment::Environment;
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;
use serde_json::{Value, json};

use super::decision::Told;
use crate::control::Armed;

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

fn armed() -> Armed {
    let delivery = json!({
        "name": "brownout",
        "expires": NOW.plus(Duration::from_secs(60)).to_string(),
        "blast_radius": { "functions": ["*"] },
        "policy": [
            { "use": "latency", "settings": { "delay": "30ms" } },
            { "name": "also", "use": "latency", "settings": { "delay": "40ms" } },
        ],
    });
    let Ok(Delivery::Experiment(package)) = Delivery::read(&Bytes::from(delivery.to_string()), None) else {
        panic!("an experiment is one")
    };
    Armed::for_tests(enforcer(&package))
}

fn enforcer(package: &misrule_engine::delivery::Package) -> Enforcer {
    let environment = Environment {
        function_name: "health".into(),
        function_version: "1".into(),
        region: "us-east-1".into(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".into(),
    };
    let sandbox = &Sandbox::new().unwrap();
    let (ready_made, carries) = (&misrule_policies::component, &Carries::everything());
    let armoury = Armoury { sandbox, ready_made, environment: &environment, carries, previous: None };
    armoury.arm(package, NOW).unwrap()
}

fn head() -> Head {
    Head {
        request_id: RequestId::new("8476a536"),
        invocation_id: Some("one".into()),
        invoked_arn: "arn:aws:lambda:us-east-1:1:function:health".into(),
        trace_id: None,
        tenant_id: None,
        arrived: NOW,
        deadline: NOW.plus(Duration::from_secs(30)),
        sequence: 0,
    }
}

fn lines(armed: &Armed, decision: &Decision, dry_run: bool) -> Vec<Value> {
    let took = Duration::from_micros(12);
    let told = Told { armed, head: &head(), hook: Hook::Before, decision, took, dry_run };
    let injections = told.injections().into_iter().map(|(_, line)| line);
    injections.chain(told.notes()).map(|line| serde_json::from_str(&line.render(NOW)).unwrap()).collect()
}

#[test]
fn each_policy_that_injects_gets_a_line_that_can_be_replayed() {
    let armed = armed();
    let invocation = Arc::new(Invocation::new(head(), Bytes::from_static(b"{}")));
    let admission = armed.enforcer.admit(&head()).unwrap();
    let decision = armed.enforcer.before(&invocation, &Arc::new(admission), NOW);
    for (dry_run, name) in [(false, "injected"), (true, "would_have")] {
        let lines = lines(&armed, &decision, dry_run);
        let policies: Vec<_> = lines.iter().map(|line| line["policy"].as_str().unwrap()).collect();
        assert_eq!(policies, ["latency", "also"]);
        for line in lines {
            assert_eq!(line["misrule"], name);
            assert_eq!(line["faults"], json!(["delay"]));
            let delay = if line["policy"] == "latency" { 30 } else { 40 };
            assert_eq!(line["delays_ms"], json!([delay]));
            assert_eq!(
                (&line["request_id"], &line["experiment"], &line["hook"]),
                (&json!("8476a536"), &json!("brownout"), &json!("before"))
            );
            assert_eq!(line["version"], armed.version.to_string());
            let seed = armed.enforcer.admit(&head()).unwrap().seed().to_string();
            assert_eq!((&line["seed"], &line["decision_us"]), (&json!(seed), &json!(12)));
            assert_eq!(line["policy_digest"].as_str().unwrap().len(), 64);
        }
    }
}

#[test]
fn each_note_gets_a_line_but_a_reason_without_faults() {
    let policy = PolicyName::new("latency");
    let cut = |reason| NoteKind::Cut {
        kind: FaultKind::Delay,
        wanted: Duration::from_secs(9),
        allowed: Duration::from_secs(5),
        reason,
    };
    let notes = [
        (NoteKind::Because("peak".into()), None),
        (NoteKind::Forbidden("night".into()), Some(("forbidden", "night"))),
        (cut(CutReason::MaxDelay), Some(("cut", "the experiment's max_delay"))),
        (
            NoteKind::Refused { kind: FaultKind::Crash, reason: RefusalReason::NotCarriedOut },
            Some(("refused_step", "not carried out by this layer")),
        ),
        (NoteKind::Trapped { cause: "fuel", detail: "out of fuel".into() }, Some(("trapped", "out of fuel"))),
        (NoteKind::Disabled, Some(("policy_disabled", "it trapped too often under this version"))),
    ];
    let armed = armed();
    for (what, expected) in notes {
        let decision = Decision { notes: vec![Note { policy: policy.clone(), what }], ..Decision::default() };
        let lines = lines(&armed, &decision, false);
        let told = lines.first().map(|line| (line["misrule"].as_str().unwrap(), line["reason"].as_str().unwrap()));
        assert_eq!(told, expected);
    }
    let said = NoteKind::Said { level: LogLevel::Warn, message: "odd".into() };
    let decision = Decision { notes: vec![Note { policy, what: said }], ..Decision::default() };
    let line = &lines(&armed, &decision, false)[0];
    assert_eq!(
        (&line["misrule"], &line["level"], &line["message"]),
        (&json!("policy_said"), &json!("warn"), &json!("odd"))
    );
    assert_eq!(lines_of_nothing(&armed), 0);
}

fn lines_of_nothing(armed: &Armed) -> usize {
    lines(armed, &Decision::default(), false).len()
}
