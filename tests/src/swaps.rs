//! Experiments that replace each other while invocations run: what callers got, and by which experiment each was decided.

mod decided;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_local::function::Function;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::layered::{PATIENCE, free_port, http_event};
use decided::Decided;

/// How often it is looked whether the next swap is due.
const LOOK: Duration = Duration::from_millis(5);

/// Statuses that experiments tell themselves apart by.
const STATUSES: usize = 50;

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Callers, each with one invocation at a time.
    pub clients: usize,
    /// What they make together; more, where the last experiment is not yet in force.
    pub invocations: usize,
}

/// What runs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The layer.
    pub extension: PathBuf,
    /// Its wrapper.
    pub wrapper: PathBuf,
    /// The function's runtime.
    pub runtime: PathBuf,
}

/// What replaces each other, as delivered: the number `n` has the name and the policies of [`name`] and [`policies`].
#[derive(Debug, Default)]
pub struct Experiments {
    /// From the first to the last: one is a load without a swap.
    pub contents: Vec<Vec<u8>>,
    /// The key that signed them.
    pub key: Option<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// How long callers waited.
    pub durations: Vec<Duration>,
    /// Experiments by which answers were decided.
    pub experiments: BTreeSet<String>,
}

/// What the experiment of this number is called.
pub fn name(number: usize) -> String {
    format!("swap-{number}")
}

/// Two policies that both act on each invocation. `by` is `use` or `module`, and `suffix` that of modules.
pub fn policies(number: usize, by: &str, suffix: &str) -> Value {
    let status = 500 + number % STATUSES;
    json!([
        { by: format!("latency{suffix}"), "settings": { "delay": "1ms" } },
        { by: format!("path-outage{suffix}"), "settings": { "paths": ["/orders/*"], "status": status } },
    ])
}

/// One execution environment of Managed Instances under load, while one experiment follows another: spread evenly over the
/// invocations, and each only once the one before is in force.
///
/// # Errors
///
/// Where it cannot be started; where an experiment does not come in force; where an invocation was lost, or was decided by
/// none or by more than one experiment.
pub async fn run(load: Load, programs: &Programs, experiments: &Experiments) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("experiment");
    swap(&file, experiments, 0)?;
    let decided = Decided::default();
    let function = Arc::new(function(load.clients, programs, experiments, &file, &decided).await?);
    until_armed(&function).await?;
    let begun = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..load.clients)
        .map(|_| tokio::spawn(client(Arc::clone(&function), decided.clone(), Arc::clone(&begun), load.invocations)))
        .collect();
    let swapped = swaps(&file, experiments, load, &begun, &decided).await;
    decided.over();
    let mut seen = Seen::default();
    let mut answered = BTreeMap::new();
    for client in clients {
        for (request_id, experiment, duration) in client.await?? {
            seen.durations.push(duration);
            seen.experiments.insert(experiment.clone());
            ensure!(answered.insert(request_id, experiment).is_none(), "an event was answered twice");
        }
    }
    swapped?;
    Arc::into_inner(function).context("somebody still invokes")?.shutdown().await;
    decided.agrees(&answered)?;
    Ok(seen)
}

async fn function(
    clients: usize,
    programs: &Programs,
    experiments: &Experiments,
    file: &Path,
    decided: &Decided,
) -> Result<Function> {
    let decided = decided.clone();
    let mut builder = crate::layered::function("shop")
        .runtime(&programs.runtime, [])
        .managed_instances(clients)
        .extension(&programs.extension, [])
        .wrapper(&programs.wrapper)
        .env("MISRULE_PORT", free_port()?.to_string())
        .env("MISRULE_LOCAL", "true")
        .env("MISRULE_SOURCE", format!("file:{}", file.display()))
        .on_output(move |line| decided.note(&line.text));
    if let Some(key) = &experiments.key {
        builder = builder.env("MISRULE_PUBLIC_KEY", key);
    }
    Ok(builder.start().await?)
}

/// Puts the experiment of this number in the place of the one before, whole at any time.
fn swap(file: &Path, experiments: &Experiments, number: usize) -> Result<()> {
    let content = experiments.contents.get(number).context("there is no such experiment")?;
    let next = file.with_extension("next");
    std::fs::write(&next, content)?;
    Ok(std::fs::rename(next, file)?)
}

/// All swaps after the first experiment.
async fn swaps(
    file: &Path,
    experiments: &Experiments,
    load: Load,
    begun: &AtomicUsize,
    decided: &Decided,
) -> Result<()> {
    let count = experiments.contents.len();
    for number in 1..count {
        while begun.load(Ordering::Relaxed) < load.invocations * number / count {
            sleep(LOOK).await;
        }
        swap(file, experiments, number)?;
        let armed = async {
            while !decided.armed(&name(number)) {
                sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, armed).await.with_context(|| format!("`{}` is not armed", name(number)))?;
    }
    Ok(())
}

/// Waits until the first experiment decides: from then on there is always one in force.
async fn until_armed(function: &Function) -> Result<()> {
    let armed = async {
        while invoke(function, 0).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, armed).await.context("no experiment is armed")
}

type Answers = Vec<(String, String, Duration)>;

async fn client(function: Arc<Function>, decided: Decided, begun: Arc<AtomicUsize>, least: usize) -> Result<Answers> {
    let mut answers = Vec::new();
    loop {
        let number = begun.fetch_add(1, Ordering::Relaxed);
        if number >= least && decided.is_over() {
            return Ok(answers);
        }
        answers.push(invoke(&function, number).await?);
    }
}

/// One invocation that every experiment answers: by which, and after how long.
async fn invoke(function: &Function, number: usize) -> Result<(String, String, Duration)> {
    let invoked = function.invoke(http_event("GET", &format!("/orders/{number}"))).await;
    let answer: Value = serde_json::from_slice(&invoked.outcome.bytes().await)?;
    let named = answer["headers"]["x-misrule"].as_str().and_then(|named| named.strip_suffix("/path-outage"));
    let name = named.with_context(|| format!("no experiment answered: {answer}"))?;
    let number: usize = name.trim_start_matches("swap-").parse()?;
    ensure!(
        answer["statusCode"] == 500 + number % STATUSES,
        "an answer of one experiment with the settings of another: {answer}"
    );
    Ok((invoked.request_id, name.to_owned(), invoked.duration))
}
