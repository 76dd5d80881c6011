//! What an experiment spent, after the layer was started again in the same execution environment.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::decision::{Decision, NoteKind, RefusalReason};
use misrule_engine::invocation::{Head, Invocation, RequestId};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::{Armed, Why};
use super::house::{House, content, experiment};
use crate::telemetry::{Failed, Line};

const FILE: &str = ".misrule-spent-9117";

/// Three invocations in all, two in a minute.
fn bounded() -> Value {
    let mut experiment = experiment("brownout");
    experiment["blast_radius"]["budget"] = json!({ "per_environment": 3, "per_minute": 2 });
    experiment
}

fn stopping() -> Value {
    let mut experiment = experiment("brownout");
    experiment["blast_radius"]["stop_when"] = json!({ "handler_errors": 0.5, "min_invocations": 4 });
    experiment
}

/// What is decided on one invocation, as the proxy asks.
async fn decided(house: &House, armed: &Armed, number: u64) -> Decision {
    let head = Head {
        request_id: RequestId::new(&format!("r-{number}")),
        invocation_id: None,
        invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:health".to_owned(),
        trace_id: None,
        tenant_id: None,
        arrived: house.now(),
        deadline: house.now().plus(Duration::from_secs(30)),
        sequence: number,
    };
    let Some(admission) = armed.enforcer.admit(&head) else { return Decision::default() };
    let invocation = Arc::new(Invocation::new(head, Bytes::from_static(b"{}")));
    let decision = armed.enforcer.before(&invocation, &admission, house.now());
    let kept = house.control.keep_spent(decision, &admission).await;
    assert_eq!(admission.touched(), !kept.plan.is_empty(), "what is refused does not count as touched");
    kept
}

/// Why each of so many invocations was left alone; none for those that were delayed.
async fn refusals(house: &House, armed: &Armed, invocations: u64) -> Vec<Option<RefusalReason>> {
    let reason = |decision: Decision| {
        let mut refused = decision.notes.iter().filter_map(|note| match note.what {
            NoteKind::Refused { reason, .. } => Some(reason),
            _ => None,
        });
        let reason = refused.next();
        assert_eq!(decision.plan.is_empty(), reason.is_some(), "{decision:?}");
        reason
    };
    let mut reasons = Vec::new();
    for number in 0..invocations {
        reasons.push(reason(decided(house, armed, number).await));
    }
    reasons
}

/// The lines that say what could not be kept.
fn failures(house: &House) -> Vec<Failed> {
    let failed = |line| if let Line::Failed(failed) = line { Some(failed) } else { None };
    house.lines().into_iter().filter_map(failed).collect()
}

fn folder() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    (folder, file)
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_not_refilled_by_a_restart() {
    use RefusalReason::{EnvironmentBudget, MinuteBudget};

    let (folder, file) = folder();
    let first = House::keeping(&file);
    let armed = first.arms(bounded()).await;
    assert!(!file.exists(), "nothing was spent yet");
    assert_eq!(refusals(&first, &armed, 3).await, [None, None, Some(MinuteBudget)]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    drop((first, armed));

    let second = House::keeping(&file);
    second.set_wall(1);
    let armed = second.arms(bounded()).await;
    assert_eq!(refusals(&second, &armed, 1).await, [Some(MinuteBudget)], "the minute goes on");
    second.set_wall(61);
    assert_eq!(refusals(&second, &armed, 2).await, [None, Some(EnvironmentBudget)], "one of three was left");
    assert_eq!(failures(&second), []);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the record is left there");
}

#[tokio::test(start_paused = true)]
async fn what_stopped_before_a_restart_stays_stopped() {
    let (_folder, file) = folder();
    let first = House::keeping(&file);
    let armed = first.arms(stopping()).await;
    (0..4).for_each(|_| first.control.handler_answered(&armed, true));
    assert_eq!(first.control.over(&armed), Some(Why::Stopped));

    let second = House::keeping(&file);
    second.refreshed(Ok(content(&stopping()))).await;
    assert!(second.event_arrives().await.is_none());
    assert_eq!(second.told(), ["stopped"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_neither_budget_nor_stop_writes_and_reads_nothing() {
    let (_folder, file) = folder();
    fs::write(&file, "something else").unwrap();
    let house = House::keeping(&file);
    let armed = house.arms(experiment("brownout")).await;
    assert_eq!(refusals(&house, &armed, 2).await, [None, None]);
    assert_eq!((fs::read(&file).unwrap(), failures(&house)), (b"something else".to_vec(), vec![]));
}

/// The reason in the one line about it.
async fn refuses_all(file: &Path) -> String {
    let house = House::keeping(file);
    let armed = house.arms(bounded()).await;
    assert_eq!(refusals(&house, &armed, 2).await, [Some(RefusalReason::NotKept); 2]);
    let failures = failures(&house);
    let [Failed { part: "budget", reason, hint: Some(hint), .. }] = &failures[..] else { panic!("{failures:?}") };
    assert!(hint.contains("inject nothing"), "{hint}");
    reason.clone()
}

#[tokio::test(start_paused = true)]
async fn what_the_function_put_there_is_never_taken_for_nothing_spent() {
    for wrong in ["", "secret", "[{\"name\":\"secret\"}]", "[]x", &"[".repeat(300_000)] {
        let (_folder, file) = folder();
        fs::write(&file, wrong).unwrap();
        let reason = refuses_all(&file).await;
        assert!(reason.contains("was not written by this layer"), "{reason}");
        assert!(!reason.contains("secret"), "{reason}");
        assert_eq!(fs::read_to_string(&file).unwrap(), wrong, "and it is left as it is");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_file_is_not_waited_for() {
    let (folder, file) = folder();
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert!(refuses_all(&file).await.ends_with("cannot be read: it is no file"));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(refuses_all(&file).await.ends_with("cannot be read: it is no file"));
    fs::remove_dir(&file).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "[]").unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert!(refuses_all(&file).await.contains("cannot be read"));
}

#[tokio::test(start_paused = true)]
async fn without_room_nothing_is_injected_and_with_room_again_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let full = folder.path().join("full");
    let file = full.join(FILE);
    assert!(refuses_all(&file).await.contains("cannot be written"), "there is no such folder");

    let house = House::keeping(&file);
    let armed = house.arms(experiment_of_many()).await;
    assert_eq!(refusals(&house, &armed, 2).await, [Some(RefusalReason::NotKept); 2]);
    fs::create_dir(&full).unwrap();
    assert_eq!(refusals(&house, &armed, 1).await, [None]);
    fs::remove_dir_all(&full).unwrap();
    assert_eq!(refusals(&house, &armed, 2).await, [Some(RefusalReason::NotKept); 2]);
    assert_eq!(failures(&house).len(), 2, "once for each time that it began to fail");
}

fn experiment_of_many() -> Value {
    let mut experiment = experiment("brownout");
    experiment["blast_radius"]["budget"] = json!({ "per_environment": 1000 });
    experiment
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_cut_short_leaves_what_stood_before() {
    let (_folder, file) = folder();
    let first = House::keeping(&file);
    let armed = first.arms(bounded()).await;
    assert_eq!(refusals(&first, &armed, 1).await, [None]);
    fs::write(file.with_extension("new"), "[{\"name\":\"bro").unwrap();

    let second = House::keeping(&file);
    let armed = second.arms(bounded()).await;
    assert_eq!(refusals(&second, &armed, 2).await, [None, Some(RefusalReason::MinuteBudget)]);
}
