//! What outlives its step is there while the handler works, and gone when its invocation is over.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::function::Origin;
use misrule_local::lambda::Outcome;
use misrule_tests::emulator::kill;
use misrule_tests::layered::{self, Layered, http_event};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Leash, armed};

const MIB: u64 = 1024 * 1024;

/// What the layer's process has beside itself: a process that it started, and bytes of files without a name.
#[derive(Debug, PartialEq, Eq)]
struct Beside {
    stressors: usize,
    resident_mib: u64,
    disk_mib: u64,
}

const NOTHING: Beside = Beside { stressors: 0, resident_mib: 0, disk_mib: 0 };

fn beside(layer: u32) -> Beside {
    let children = children(layer);
    let resident = children.iter().filter_map(|child| {
        let statm = fs::read_to_string(format!("/proc/{child}/statm")).ok()?;
        statm.split(' ').nth(1)?.parse::<u64>().ok()
    });
    let files = fs::read_dir(format!("/proc/{layer}/fd")).into_iter().flatten().flatten();
    let nameless = files.filter(|file| {
        let target = fs::read_link(file.path()).unwrap_or_default();
        target.to_string_lossy().starts_with("/tmp/.misrule-")
    });
    let blocks = nameless.filter_map(|file| fs::metadata(file.path()).ok()).map(|file| file.blocks());
    Beside {
        stressors: children.len(),
        resident_mib: resident.sum::<u64>() * 4096 / MIB,
        disk_mib: blocks.sum::<u64>() * 512 / MIB,
    }
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Looks until it is so.
async fn until(what: &str, so: impl Fn() -> bool) -> Result<()> {
    let looks = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(layered::PATIENCE, looks).await.with_context(|| format!("waited for {what}"))
}

fn all_three() -> Value {
    json!({ "path": "/slow", "before": [
        { "fault": "fill-disk", "number": 24 * MIB },
        { "fault": "hold-memory", "number": 32 * MIB },
        { "fault": "burn-cpu", "duration": "100ms" },
    ]})
}

/// A function whose handler is at work with all three beside it, and its layer's process.
struct AtWork {
    layered: Layered,
    invoked: JoinHandle<Outcome>,
    layer: u32,
    leash: Leash,
}

async fn at_work(timeout: Duration) -> Result<AtWork> {
    let leash = Leash::new()?;
    let layered = armed(leash.on(layered::python("orders")?.timeout(timeout)), &all_three(), &[]).await?;
    let (layer, function) = (layered.process_id()?, layered.function.clone());
    assert_eq!(beside(layer), NOTHING);
    let invoked = tokio::spawn(async move { function.invoke(http_event("GET", "/slow")).await.outcome });
    until("all three", || {
        let Beside { stressors, resident_mib, disk_mib } = beside(layer);
        stressors == 2 && resident_mib >= 32 && disk_mib >= 24
    })
    .await?;
    Ok(AtWork { layered, invoked, layer, leash })
}

#[tokio::test]
async fn an_answer_undoes_it() -> Result<()> {
    let AtWork { layered, invoked, layer, leash } = at_work(layered::TIMEOUT).await?;
    leash.let_go()?;
    let answer: Value = serde_json::from_slice(&invoked.await?.bytes().await)?;
    assert_eq!(answer["statusCode"], 200, "the handler answers all the same");
    until("nothing to be left", || beside(layer) == NOTHING).await?;
    assert_eq!(layered.get("/orders/7").await?.0, 200);
    assert_eq!(layered.process_id()?, layer, "the layer is the same");
    Ok(())
}

#[tokio::test]
async fn a_halt_undoes_it_beside_the_handler() -> Result<()> {
    let AtWork { layered, invoked, layer, leash } = at_work(layered::TIMEOUT).await?;
    layered.deploy(r#"{"halt": true}"#);
    until("nothing to be left", || beside(layer) == NOTHING).await?;
    assert!(!invoked.is_finished(), "the handler is still at work");
    for fault in ["fill-disk", "hold-memory", "burn-cpu"] {
        let of_it = |line: &Value| line["misrule"] == "fault_ended" && line["fault"] == fault;
        let ended = layered.all_news().quietly_until(fault, of_it).await?;
        assert_eq!((&ended["policy"], &ended["reason"]), (&json!("catalogue"), &json!("it was halted")));
    }
    leash.let_go()?;
    assert!(matches!(invoked.await?, Outcome::Answer(_)), "it answers all the same");
    Ok(())
}

#[tokio::test]
async fn a_runtime_that_is_killed_and_a_timeout_undo_it() -> Result<()> {
    for (timeout, killed) in [(layered::TIMEOUT, true), (Duration::from_secs(10), false)] {
        let AtWork { layered, invoked, layer, .. } = at_work(timeout).await?;
        let stressors = children(layer);
        if killed {
            let runtime = layered.function.process_id(&Origin::Runtime).context("the runtime runs")?;
            kill(runtime, Signal::KILL)?;
        }
        assert!(invoked.await?.error().is_some());
        until("nothing to be left", || {
            beside(layer) == NOTHING && stressors.iter().all(|id| !fs::exists(format!("/proc/{id}")).unwrap_or(true))
        })
        .await?;
        assert_eq!(layered.get("/orders/7").await?.0, 200, "the next event is served");
    }
    Ok(())
}

#[tokio::test]
async fn more_than_the_environment_has_is_refused() -> Result<()> {
    let before = json!([
        { "fault": "hold-memory", "number": 4_000_000_000_u32 },
        { "fault": "burn-cpu", "duration": "16m" },
    ]);
    let layered = armed(layered::python("orders")?, &json!({ "before": before }), &[]).await?;
    assert_eq!(layered.get("/orders/7").await?.0, 200);
    for kind in ["hold-memory", "burn-cpu"] {
        let refused = layered.until_line_that(|line| line["misrule"] == "refused_step" && line["fault"] == kind).await;
        assert_eq!(refused["reason"], "more than the environment has", "{kind}");
    }
    Ok(())
}
