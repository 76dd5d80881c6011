//! What policies ask for, cut down by the guard. The first six bytes are what the guard goes by: kinds allowed, kinds that
//! the layer carries out, hook and event, ceiling, delay granted before, time to the deadline (the last three in 40 ms).
//! Each three bytes after them are a step: its kind, and for a delay its length in milliseconds.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use misrule_engine::decision::{
    Carries, FaultKind, FunctionError, Guard, Hook, HttpAnswer, NoteKind, Plan, PolicyName, Step,
};
use misrule_engine::experiment::{BlastRadius, Experiment};
use misrule_engine::invocation::Document;
use misrule_engine::limits::DEADLINE_MARGIN;
use misrule_engine::time::Timestamp;

/// 2026-12-01T09:00:00Z.
const NOW: Timestamp = Timestamp::from_milliseconds(1_796_115_600_000);

const EXPERIMENT: &str = r#"{"name": "a", "expires": "2026-12-01T10:00:00Z", "blast_radius": {"functions": ["*"]}, "policy": [{"use": "a"}]}"#;

fuzz_target!(|input: &[u8]| {
    let Some(([allowed, carried, circumstances, ceiling, delayed, left], steps)) = input.split_first_chunk() else {
        return;
    };
    let Ok(Experiment { mut blast_radius, .. }) = Experiment::from_json(EXPERIMENT.as_bytes()) else { return };
    let hook = if circumstances & 1 == 0 { Hook::Before } else { Hook::After };
    blast_radius.faults = kinds(*allowed);
    blast_radius.max_delay = (circumstances & 8 == 0).then(|| ticks(*ceiling));
    let carries = Carries::new(&kinds(*carried).into_iter().map(|kind| (hook, kind)).collect::<Vec<_>>());
    let (answerable, shared) = (circumstances & 2 == 0, circumstances & 4 == 0);
    let deadline = NOW.plus(ticks(*left));
    let guard = Guard {
        blast_radius: &blast_radius,
        carries: &carries,
        hook,
        answerable,
        shared,
        answer: None,
        batch: true,
        delayed: ticks(*delayed),
        now: NOW,
        deadline,
        memory_mb: 128,
    };
    let wanted: Vec<_> = steps.chunks_exact(3).map(|step| (PolicyName::new("a"), wish(step))).collect();
    let mut notes = Vec::new();
    let plan = guard.join(wanted.clone(), &mut notes);
    is_allowed(&guard, &plan, &blast_radius);
    is_told(
        &plan,
        &wanted,
        notes.iter().filter(|note| matches!(note.what, NoteKind::Refused { .. } | NoteKind::Cut { .. })).count(),
    );
});

fn ticks(number: u8) -> Duration {
    Duration::from_millis(u64::from(number) * 40)
}

/// A window of the catalogue: this many kinds, from this one on.
fn kinds(window: u8) -> Vec<FaultKind> {
    FaultKind::ALL.iter().copied().cycle().skip(usize::from(window >> 4)).take(usize::from(window & 15) + 1).collect()
}

fn wish(step: &[u8]) -> Step {
    let length = u64::from(step[1]) << 8 | u64::from(step[2]);
    match step[0] % 8 {
        0 => Step::Hang,
        1 => Step::Fail(FunctionError {
            error_type: "Chaos.Error".to_owned(),
            message: String::new(),
            stack: Vec::new(),
        }),
        2 => HttpAnswer::new(503, Vec::new(), Vec::new()).map_or(Step::Crash, Step::RespondHttp),
        3 => Step::ReturnJson("{}".to_owned()),
        4 => Step::Edit { document: Document::Whole, pointer: "/a".to_owned(), value: None },
        5 => Step::Throttle(step[1].into()),
        _ => Step::Delay(Duration::from_millis(length)),
    }
}

fn is_allowed(guard: &Guard<'_>, plan: &Plan, blast_radius: &BlastRadius) {
    let mut delay = Duration::ZERO;
    for (place, planned) in plan.steps().iter().enumerate() {
        let kind = planned.step.kind();
        assert!(blast_radius.faults.contains(&kind), "{kind} is not allowed");
        assert!(!(guard.shared && kind.hits_the_whole_environment()), "{kind} hits others");
        assert!(guard.answerable || kind != FaultKind::RespondHttp, "nobody waits for an HTTP answer");
        assert!(!kind.is_final() || place + 1 == plan.steps().len(), "something follows {kind}");
        if let Step::Delay(length) = planned.step {
            delay += length;
        }
    }
    assert!(
        blast_radius.max_delay.is_none_or(|most| delay.is_zero() || guard.delayed + delay <= most),
        "beyond max_delay"
    );
    let margin = Duration::from_millis(DEADLINE_MARGIN.value);
    assert!(delay.is_zero() || delay + margin <= guard.deadline.since(guard.now), "past the deadline");
}

/// Up to the step that ended the plan, each wish stands or is told of.
fn is_told(plan: &Plan, wanted: &[(PolicyName, Step)], told: usize) {
    let ended = plan.steps().last().is_some_and(|planned| planned.step.kind().is_final());
    let whole = plan.steps().iter().filter(|planned| wanted.iter().any(|(_, step)| *step == planned.step)).count();
    assert!(told <= wanted.len(), "more is told than was asked");
    assert!(ended || told + whole >= wanted.len(), "a wish is gone, and nobody was told");
}
