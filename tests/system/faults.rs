//! Each fault of the catalogue, as the caller and the handler see it.

mod after;
mod batches;
mod before;
mod block_hosts;
mod lasting;
mod witnessed;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use misrule_engine::decision::{FaultKind, Hook};
use misrule_engine::invocation::AnswerForm;
use misrule_local::appconfig::AppConfig;
use misrule_local::function::FunctionBuilder;
use misrule_tests::emulator::{Emulator, EmulatorBuilder};
use misrule_tests::layered::{self, Layered};
use misrule_tests::programs;
use misrule_tests::publishing::{bundle, experiment_within};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::runtimes::injected::streams_are_slowed_stopped_cut_and_broken_off_and_the_next_one_is_whole as streams_are_hit;

/// An experiment that allows every fault, with the policy that asks for what these settings say.
pub(crate) fn catalogue(settings: &Value) -> Result<Vec<u8>> {
    catalogue_within(&json!({}), settings)
}

/// The same where the blast radius says this besides.
pub(crate) fn catalogue_within(bounds: &Value, settings: &Value) -> Result<Vec<u8>> {
    experiment_of(&json!([{ "module": "catalogue.wasm", "settings": settings }]), bounds)
}

/// An experiment of several such policies, within this beside every fault on every function.
fn experiment_of(policies: &Value, bounds: &Value) -> Result<Vec<u8>> {
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut blast_radius = json!({ "functions": ["*"], "faults": faults });
    bounds.as_object().into_iter().flatten().for_each(|(field, value)| blast_radius[field] = value.clone());
    let component = std::fs::read(programs::checkout().join("tests/guests/catalogue.wasm"))?;
    bundle(&experiment_within("trial", &blast_radius, policies), &[("catalogue.wasm", &component)], None)
}

/// The same for a policy of each of these names and settings, within this beside functions and faults.
pub(crate) fn catalogues(policies: &[(&str, Value)], within: &Value) -> Result<Vec<u8>> {
    let policy =
        |(name, settings): &(&str, Value)| json!({ "name": name, "module": "catalogue.wasm", "settings": settings });
    let policies: Vec<_> = policies.iter().map(policy).collect();
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut blast_radius = json!({ "functions": ["*"], "faults": faults });
    within.as_object().into_iter().flatten().for_each(|(field, value)| blast_radius[field] = value.clone());
    let component = std::fs::read(programs::checkout().join("tests/guests/catalogue.wasm"))?;
    bundle(&experiment_within("trial", &blast_radius, &json!(policies)), &[("catalogue.wasm", &component)], None)
}

/// A function on which the policy asks for what these settings say.
pub(crate) async fn armed(function: FunctionBuilder, settings: &Value, variables: &[(&str, &str)]) -> Result<Layered> {
    armed_with(function, catalogue(settings)?, variables).await
}

/// A function under this experiment.
async fn armed_with(function: FunctionBuilder, content: Vec<u8>, variables: &[(&str, &str)]) -> Result<Layered> {
    let layered = layered::layered_after(content, function, variables).await?;
    layered.until_line("armed").await;
    Ok(layered)
}

/// A function under AWS's emulator and this experiment, and the AppConfig that has it.
async fn emulated(builder: EmulatorBuilder, content: Vec<u8>) -> Result<(Emulator, AppConfig)> {
    let (appconfig, place) = layered::local_appconfig().await?;
    appconfig.deploy(&place, "application/octet-stream", content);
    let builder = builder.env("MISRULE_PORT", layered::free_port()?.to_string()).env("MISRULE_FIRST_WAIT", "20s");
    let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{}", layered::PLACE));
    Ok((builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?, appconfig))
}

/// What a handler of `/slow` waits for: it works for as long as a test wants it to.
struct Leash(TempDir);

impl Leash {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("let-go")
    }

    /// The function whose handler is on it.
    fn on(&self, function: FunctionBuilder) -> FunctionBuilder {
        function.env("LET_GO", self.file().to_string_lossy())
    }

    /// The handler answers.
    fn let_go(&self) -> Result<()> {
        Ok(std::fs::write(self.file(), "")?)
    }
}

/// A test itself and not its name: where it is gone, nothing builds.
type Test = fn() -> Result<()>;

/// The faults that one of AWS's clients is shown with in a test of their own, beside [`witnessed::CASES`].
const OF_THEIR_OWN: &[(Hook, FaultKind, Test)] = &[
    (
        Hook::Before,
        FaultKind::Hang,
        before::an_invocation_that_hangs_runs_into_lambdas_timeout_and_the_next_one_is_served,
    ),
    (
        Hook::After,
        FaultKind::Hang,
        after::an_answer_that_hangs_runs_into_lambdas_timeout_without_its_body_being_held_back,
    ),
    (Hook::Before, FaultKind::Crash, before::a_runtime_that_crashes_comes_back_and_serves_the_next_event),
    (Hook::Before, FaultKind::FailItems, batches::records_fail_beside_those_that_the_handler_reports),
    (Hook::After, FaultKind::FailItems, batches::records_fail_beside_those_that_the_handler_reports),
    (Hook::After, FaultKind::Throttle, streams_are_hit),
    (Hook::After, FaultKind::Pause, streams_are_hit),
    (Hook::After, FaultKind::Cut, streams_are_hit),
    (Hook::After, FaultKind::BreakOff, streams_are_hit),
    (
        Hook::Before,
        FaultKind::BlockHosts,
        block_hosts::a_handler_cannot_resolve_a_name_in_that_invocation_and_can_in_the_next,
    ),
];

#[test]
fn each_fault_is_shown_with_one_of_awss_clients_in_each_hook_that_it_may_be_asked_in() {
    let shown = witnessed::CASES.iter().map(|case| (case.hook.to_string(), case.fault.name()));
    let of_their_own = OF_THEIR_OWN.iter().map(|(hook, fault, _)| (hook.to_string(), fault.name()));
    let shown: BTreeSet<_> = shown.chain(of_their_own).collect();
    let forms = [AnswerForm::Head, AnswerForm::Whole, AnswerForm::Streamed];
    let hooks = |kind: &FaultKind| {
        let before = kind.may_be_asked(None).then_some(Hook::Before);
        let after = forms.iter().any(|form| kind.may_be_asked(Some(*form))).then_some(Hook::After);
        before.into_iter().chain(after)
    };
    let asked = FaultKind::ALL.iter().flat_map(|kind| hooks(kind).map(|hook| (hook.to_string(), kind.name())));
    assert_eq!(shown, asked.collect());
}
