//! AWS's Runtime Interface Emulator as judge: of the layer, and of the local Lambda that the other tests stand on.

mod cases;
pub(crate) mod control_program;
pub(crate) mod differences;
mod layer;
pub(crate) mod observed;

use std::path::Path;

use anyhow::{Context as _, Result};
use misrule_tests::emulator::{self, Instances, Namespace};
use misrule_tests::programs;
use rustix::process::Signal;
use tempfile::TempDir;

use cases::{CASES, Case, Step};
use control_program::{ControlProgram, Got};
use differences::{DIFFERENCES, EMULATORS_OWN_FAILURE};
use observed::{Observed, observed, take_overtaken};

/// How often a case is tried again where the emulator failed by itself.
const ATTEMPTS: usize = 4;

/// The layer, and beside it an extension that writes what events it is sent.
fn layer_and_witness() -> Result<TempDir> {
    let opt = emulator::layer()?;
    let witness = programs::checkout().join("sdk/local/tests/local/programs/extension.py");
    emulator::add_extension(opt.path(), "witness", &witness)?;
    Ok(opt)
}

#[tokio::test]
async fn the_local_lambda_does_what_the_emulator_does_on_demand() -> Result<()> {
    compare("emulator::the_local_lambda_does_what_the_emulator_does_on_demand", Instances::OnDemand).await
}

#[tokio::test]
async fn the_local_lambda_does_what_the_emulator_does_on_managed_instances() -> Result<()> {
    compare("emulator::the_local_lambda_does_what_the_emulator_does_on_managed_instances", Instances::Managed(2)).await
}

/// Runs each case for such instances on both.
async fn compare(test: &str, instances: Instances) -> Result<()> {
    let Some(namespace) = emulator::namespace(test, instances).await else { return Ok(()) };
    let opt = layer_and_witness()?;
    let cases: Vec<_> = CASES.iter().filter(|case| case.instances == instances).collect();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for case in cases {
        let (emulator, local) = both(case, namespace, opt.path()).await.context(case.name)?;
        wrong.extend(compared(case, &emulator, &local));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

async fn both(case: &Case, namespace: Namespace, opt: &Path) -> Result<(Observed, Observed)> {
    let mut emulator =
        run(case, ControlProgram::emulator(case, namespace, opt).await?).await.context("the emulator")?;
    for _ in 0..ATTEMPTS {
        if !emulator["callers"].iter().any(|caller| caller.contains(EMULATORS_OWN_FAILURE)) {
            break;
        }
        emulator = run(case, ControlProgram::emulator(case, namespace, opt).await?).await.context("the emulator")?;
    }
    let local = run(case, ControlProgram::local(case, opt).await?).await.context("the local Lambda")?;
    Ok((emulator, local))
}

/// What is not as the table of differences says.
fn compared(case: &Case, emulator: &Observed, local: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    for (aspect, by_emulator) in emulator {
        let by_local = local.get(aspect);
        let stated = DIFFERENCES.iter().find(|stated| (stated.case, stated.aspect) == (case.name, aspect));
        match (by_local == Some(by_emulator), stated) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => {
                wrong.push(format!("{}, {aspect}: emulator {by_emulator:#?}, local {by_local:#?}", case.name));
            }
            (true, Some(stated)) => wrong.push(format!("{}, {aspect}: no longer so: {}", case.name, stated.reason)),
        }
    }
    wrong
}

/// Does what the case says, and lists what was seen.
async fn run(case: &Case, program: ControlProgram) -> Result<Observed> {
    let mut got = Vec::new();
    for step in case.steps {
        match step {
            Step::Invoke(path) => got.push(program.invoke(path).await?),
            Step::Twice(path) => {
                let (one, other) = tokio::join!(program.invoke(path), program.invoke(path));
                got.extend([one?, other?]);
            }
            Step::KillExtension => kill_extension(&program).await?,
            Step::KillExtensionDuring(path) => {
                let (one, killed) = tokio::join!(program.invoke(path), kill_at_work(&program));
                killed?;
                got.push(one?);
            }
        }
        if step.leaves_the_runtime() {
            let failed = |lines: &[String]| lines.iter().any(|line| line.contains(EMULATORS_OWN_FAILURE));
            let asked = |requests: &[String]| has_asked(case.instances, got.len(), requests);
            program.until("its question", |lines, requests| failed(lines) || asked(requests)).await?;
        }
    }
    let (mut requests, lines) = program.end().await?;
    if case.instances != Instances::OnDemand {
        // Two processes ask at once.
        requests.sort();
    }
    let got = with_error_types(got, &lines);
    never_ours(case, &got);
    let mut observed = observed(&got, requests, &lines);
    if case.kills_the_extension() {
        take_overtaken(&mut observed);
    }
    Ok(observed)
}

async fn kill_at_work(program: &ControlProgram) -> Result<()> {
    program.until("the handler", |lines, _| lines.iter().any(|line| line == "the handler is at work")).await?;
    kill_extension(program).await
}

/// Kills it, and waits until whoever started it knows.
async fn kill_extension(program: &ControlProgram) -> Result<()> {
    let process = program.extension()?;
    emulator::kill(process, Signal::KILL)?;
    let folder = Path::new("/proc").join(process.to_string());
    program.until("its end", |_, _| !folder.exists()).await
}

/// Whether the runtime waits for more after so many invocations: each process of it on Managed Instances.
fn has_asked(instances: Instances, invocations: usize, requests: &[String]) -> bool {
    let count = |end: &str| requests.iter().filter(|request| request.ends_with(end)).count();
    let answers = count("/response") + count("/error");
    match instances {
        Instances::OnDemand => requests.last().is_some_and(|request| request.ends_with("/next")),
        Instances::Managed(processes) => answers == invocations && count("/next") == answers + usize::from(processes),
    }
}

/// Our extension ends only when it is told to, or when somebody kills it.
fn never_ours(case: &Case, got: &[Got]) {
    let crashed = got.iter().any(|got| got.error_type.as_deref().is_some_and(|error| error.starts_with("Extension.")));
    assert_eq!(crashed, case.kills_the_extension(), "{}: {got:#?}", case.name);
}

/// On demand the emulator tells no caller the error type, but its log: the first after each start.
pub(crate) fn with_error_types(mut got: Vec<Got>, lines: &[String]) -> Vec<Got> {
    let starts: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.starts_with("START RequestId")).collect();
    for ((start, _), got) in starts.iter().zip(&mut got) {
        let of_this = lines.iter().skip(start + 1).take_while(|line| !line.starts_with("START RequestId"));
        let sent = of_this.filter_map(|line| Some(line.split_once("Sending Error Response: ")?.1.to_owned()));
        got.error_type = got.error_type.take().or(sent.into_iter().next());
    }
    got
}
