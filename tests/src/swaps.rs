//! Experiments that replace each other while invocations run: what callers got, and by which experiment each was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_local::function::Function;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::layered::{free_port, http_event, rust};
use crate::programs;
use crate::publishing::experiment;

/// Between two swaps: `file:` is looked at each second.
const EVERY: Duration = Duration::from_millis(1100);

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Callers, each with one invocation at a time.
    pub clients: usize,
    /// Experiments that come after the first.
    pub swaps: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// How long callers waited.
    pub durations: Vec<Duration>,
    /// Experiments by which answers were decided.
    pub experiments: BTreeSet<String>,
}

/// Experiments, by request id, that the layer's log says to have injected something.
type Decided = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// One execution environment of Managed Instances under load, while one experiment follows another.
///
/// # Errors
///
/// Where it cannot be started; where an invocation was lost, or was decided by none or by more than one experiment.
pub async fn run(load: Load) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("experiment.json");
    swap(&file, 0)?;
    let decided = Decided::default();
    let function = Arc::new(function(load.clients, &file, &decided).await?);
    until_armed(&function).await?;
    let over = Arc::new(AtomicBool::new(false));
    let sequence = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..load.clients)
        .map(|_| tokio::spawn(client(Arc::clone(&function), Arc::clone(&over), Arc::clone(&sequence))))
        .collect();
    for number in 1..=load.swaps {
        sleep(EVERY).await;
        swap(&file, number)?;
    }
    sleep(EVERY * 2).await;
    over.store(true, Ordering::Relaxed);
    let mut seen = Seen::default();
    let mut answered = BTreeMap::new();
    for client in clients {
        for (request_id, experiment, duration) in client.await?? {
            seen.durations.push(duration);
            seen.experiments.insert(experiment.clone());
            ensure!(answered.insert(request_id, experiment).is_none(), "an event was answered twice");
        }
    }
    let function = Arc::into_inner(function).context("somebody still invokes")?;
    function.shutdown().await;
    agrees(&answered, &decided)?;
    Ok(seen)
}

async fn function(clients: usize, file: &Path, decided: &Decided) -> Result<Function> {
    let decided = Arc::clone(decided);
    let builder = rust("shop")?
        .managed_instances(clients)
        .extension(programs::program("misrule-extension")?, [])
        .wrapper(programs::program("misrule-wrapper")?)
        .env("MISRULE_PORT", free_port()?.to_string())
        .env("MISRULE_LOCAL", "true")
        .env("MISRULE_SOURCE", format!("file:{}", file.display()))
        .on_output(move |line| note(&decided, &line.text));
    Ok(builder.start().await?)
}

fn note(decided: &Decided, text: &str) {
    let Ok(line) = serde_json::from_str::<Value>(text) else { return };
    if let ("injected", Some(request), Some(experiment)) =
        (line["misrule"].as_str().unwrap_or_default(), line["request_id"].as_str(), line["experiment"].as_str())
    {
        let mut decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
        decided.entry(request.to_owned()).or_default().push(experiment.to_owned());
    }
}

/// Puts the experiment of this number in the place of the one before, whole at any time.
fn swap(file: &Path, number: usize) -> Result<()> {
    let policies = json!([
        { "use": "latency", "settings": { "delay": "1ms" } },
        { "use": "path-outage", "settings": { "paths": ["/orders/*"], "status": 500 + number % 50 } },
    ]);
    let next = file.with_extension("next");
    std::fs::write(&next, experiment(&format!("swap-{number}"), &policies))?;
    Ok(std::fs::rename(next, file)?)
}

/// Waits until the first experiment decides: from then on there is always one in force.
async fn until_armed(function: &Function) -> Result<()> {
    let armed = async {
        while invoke(function, 0).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::layered::PATIENCE, armed).await.context("no experiment is armed")
}

type Answers = Vec<(String, String, Duration)>;

async fn client(function: Arc<Function>, over: Arc<AtomicBool>, sequence: Arc<AtomicUsize>) -> Result<Answers> {
    let mut answers = Vec::new();
    while !over.load(Ordering::Relaxed) {
        answers.push(invoke(&function, sequence.fetch_add(1, Ordering::Relaxed)).await?);
    }
    Ok(answers)
}

/// One invocation that every experiment answers: by which, and after how long.
async fn invoke(function: &Function, number: usize) -> Result<(String, String, Duration)> {
    let invoked = function.invoke(http_event("GET", &format!("/orders/{number}"))).await;
    let answer: Value = serde_json::from_slice(&invoked.outcome.bytes().await)?;
    let named = answer["headers"]["x-misrule"].as_str().and_then(|named| named.strip_suffix("/path-outage"));
    let name = named.with_context(|| format!("no experiment answered: {answer}"))?;
    let number: u64 = name.trim_start_matches("swap-").parse()?;
    ensure!(
        answer["statusCode"] == 500 + number % 50,
        "an answer of one experiment with the settings of another: {answer}"
    );
    Ok((invoked.request_id, name.to_owned(), invoked.duration))
}

/// The log names, for each invocation, the experiment that answered it, once for each of its two policies.
fn agrees(answered: &BTreeMap<String, String>, decided: &Decided) -> Result<()> {
    let decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
    for (request, experiment) in answered {
        let named = decided.get(request).map(Vec::as_slice).unwrap_or_default();
        ensure!(
            named == [experiment.clone(), experiment.clone()],
            "{request} was answered by {experiment}, decided by {named:?}"
        );
    }
    Ok(())
}
