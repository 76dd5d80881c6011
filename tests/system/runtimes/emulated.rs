//! The same endings under Lambda's own control program, as far as AWS's emulator has them.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_tests::emulator::{self, Emulator, Instances, Namespace};
use misrule_tests::layered::free_port;

use super::client::{self, Client};
use super::matrix::{Ending, MATRIX, Row, Verdict};
use crate::emulator::control_program::ControlProgram;
use crate::emulator::differences::EMULATORS_OWN_FAILURE;
use crate::emulator::observed::{Observed, observed};
use crate::emulator::with_error_types;

/// How often an ending is tried again where the emulator failed by itself.
const ATTEMPTS: usize = 4;

/// The emulator refuses a question for the next event that overtakes the end of a stream, at which Node's client exits.
const OVERTAKEN: &str = "State transition is not allowed";

/// The folder that is to be `/opt`, and whether the layer is in it.
#[derive(Clone, Copy)]
enum Between<'a> {
    Nothing(&'a Path),
    Layer(&'a Path),
}

#[tokio::test]
async fn every_ending_under_awss_python_client() -> Result<()> {
    all_the_same(Client::Python, "every_ending_under_awss_python_client").await
}

#[tokio::test]
async fn every_ending_under_awss_node_client() -> Result<()> {
    all_the_same(Client::Node, "every_ending_under_awss_node_client").await
}

#[tokio::test]
async fn every_ending_under_awss_rust_client() -> Result<()> {
    all_the_same(Client::Rust, "every_ending_under_awss_rust_client").await
}

async fn all_the_same(client: Client, test: &str) -> Result<()> {
    let test = format!("runtimes::emulated::{test}");
    let Some(namespace) = emulator::namespace(&test, Instances::OnDemand).await else { return Ok(()) };
    let (nothing, layer) = (tempfile::tempdir()?, emulator::layer()?);
    let mut wrong = Vec::new();
    for Row { ending, verdicts } in MATRIX {
        if matches!(verdicts[client as usize], Verdict::Cannot(_)) {
            continue;
        }
        let direct = played(client, *ending, namespace, Between::Nothing(nothing.path())).await?;
        let layered = played(client, *ending, namespace, Between::Layer(layer.path())).await?;
        if direct.seen != layered.seen {
            wrong.push(format!("{client:?}, {ending:?}: direct {direct}through the layer {layered}"));
        }
        if !serves(*ending, &direct.seen) {
            wrong.push(format!("{client:?}, {ending:?}: the client does not run here at all: {direct}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Whether the invocation behind this ending is answered: two that both fail to start would be alike, too.
fn serves(ending: Ending, seen: &Observed) -> bool {
    let answer = seen["callers"].last().is_some_and(|caller| caller.contains("/answer") || caller.contains("last"));
    answer || ending == Ending::InitError
}

/// What was seen of an ending, and all that was written meanwhile.
struct Attempt {
    seen: Observed,
    lines: Vec<String>,
}

impl Attempt {
    /// Whether the emulator failed by itself.
    fn failed(&self) -> bool {
        let own = |caller: &String| caller.contains(EMULATORS_OWN_FAILURE);
        self.seen["callers"].iter().any(own) || self.lines.iter().any(|line| line.contains(OVERTAKEN))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:#?}, its log:\n{}", self.seen, self.lines.join("\n"))
    }
}

/// One ending, and again where the emulator failed by itself.
async fn played(client: Client, ending: Ending, namespace: Namespace, between: Between<'_>) -> Result<Attempt> {
    let mut attempt = attempted(client, ending, namespace, between).await?;
    for _ in 0..ATTEMPTS {
        if !attempt.failed() {
            break;
        }
        attempt = attempted(client, ending, namespace, between).await?;
    }
    Ok(attempt)
}

async fn attempted(client: Client, ending: Ending, namespace: Namespace, between: Between<'_>) -> Result<Attempt> {
    let program = start(client, ending, namespace, between).await?;
    let mut got = vec![program.invoke(ending.path()).await.with_context(|| format!("{client:?}, {ending:?}"))?];
    if ending != Ending::InitError {
        got.push(program.invoke(Ending::Answer.path()).await?);
    }
    let (requests, lines) = program.end().await?;
    let requests = requests.into_iter().filter(|request| !request.ends_with("/register")).collect();
    Ok(Attempt { seen: observed(&with_error_types(got, &lines), requests, &lines), lines })
}

async fn start(client: Client, ending: Ending, namespace: Namespace, between: Between<'_>) -> Result<ControlProgram> {
    let timeout = Duration::from_secs(if ending == Ending::Timeout { 5 } else { 30 });
    let (Between::Nothing(opt) | Between::Layer(opt)) = between;
    let mut builder = Emulator::builder(namespace, opt)
        .runtime(client.command(ending.handler())?)
        .task(client::code())
        .handler(ending.handler())
        .timeout(timeout)
        .env("MISRULE_PORT", free_port()?.to_string());
    if matches!(between, Between::Nothing(_)) {
        builder = builder.unwrapped();
    }
    if ending == Ending::InitError {
        builder = builder.env("FAIL_INIT", "true");
    }
    Ok(ControlProgram::Emulator(Box::new(builder.start().await?)))
}
