//! The `misrule` command, run as a user runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use misrule_engine::delivery::{SigningKey, bundle};
use misrule_engine::experiment::Experiment;
use misrule_engine::time::Timestamp;
use misrule_local::appconfig::AppConfig;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::programs;

/// Runs `misrule` with these arguments in this folder, with credentials for the local AppConfig.
///
/// # Errors
///
/// Where it cannot be run. That it fails is in the output.
pub async fn misrule(arguments: &[&str], folder: &Path) -> Result<Output> {
    let mut command = Command::new(programs::program("misrule")?);
    command.args(arguments).current_dir(folder).env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env_remove("AWS_PROFILE").kill_on_drop(true);
    if let Some(toolchain) = programs::wasm_toolchain() {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command.output().await.context("misrule runs")
}

/// `misrule publish` of this file to a local AppConfig.
///
/// # Errors
///
/// Where it cannot be run.
pub async fn publish(file: &Path, to: &str, appconfig: &AppConfig) -> Result<Output> {
    let folder = file.parent().context("the file stands in a folder")?;
    let file = file.to_string_lossy();
    let endpoint = appconfig.endpoint();
    misrule(&["publish", &file, "--to", to, "--region", "us-east-1", "--endpoint-url", &endpoint], folder).await
}

/// An experiment on every function, as AppConfig carries it: it ends in an hour.
pub fn experiment(name: &str, policies: &Value) -> String {
    experiment_within(name, &json!({ "functions": ["*"] }), policies)
}

/// An experiment with this blast radius that ends in an hour.
pub fn experiment_within(name: &str, blast_radius: &Value, policies: &Value) -> String {
    let expires = now().plus(Duration::from_secs(3600)).to_string();
    json!({ "name": name, "expires": expires, "blast_radius": blast_radius, "policy": policies }).to_string()
}

/// A bundle of an experiment with these modules, by their file names, signed where there is a key.
///
/// # Errors
///
/// Where the experiment is none, or needs other modules.
pub fn bundle(experiment: &str, modules: &[(&str, &[u8])], signer: Option<&SigningKey>) -> Result<Vec<u8>> {
    let experiment = Experiment::from_json(experiment.as_bytes())?;
    let modules = modules.iter().map(|(file, component)| ((*file).to_owned(), component.to_vec()));
    Ok(bundle::write(&experiment, &modules.collect(), &BTreeMap::new(), signer)?)
}

/// The same component with another digest: no layer ships an image of it. The mark, of at most 100 bytes, is the name of an
/// empty custom section, which says nothing to a host.
pub fn marked(component: &[u8], mark: &str) -> Vec<u8> {
    let mark = mark.as_bytes();
    let mark = &mark[..mark.len().min(100)];
    let length = mark.len() as u8;
    [component, &[0, length + 1, length], mark].concat()
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "experiments end at real instants")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(0).plus(since)
}
