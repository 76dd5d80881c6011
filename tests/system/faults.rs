//! Each fault of the catalogue, as the caller and the handler see it.

mod after;
mod before;
mod block_hosts;
mod lasting;

use anyhow::Result;
use misrule_engine::decision::FaultKind;
use misrule_local::function::FunctionBuilder;
use misrule_tests::layered::{self, Layered};
use misrule_tests::programs;
use misrule_tests::publishing::{bundle, experiment_within};
use serde_json::{Value, json};

/// An experiment that allows every fault, with the policy that asks for what these settings say.
pub(crate) fn catalogue(settings: &Value) -> Result<Vec<u8>> {
    catalogue_within(&json!({}), settings)
}

/// The same where the blast radius says this besides.
pub(crate) fn catalogue_within(bounds: &Value, settings: &Value) -> Result<Vec<u8>> {
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut blast_radius = json!({ "functions": ["*"], "faults": faults });
    bounds.as_object().into_iter().flatten().for_each(|(field, value)| blast_radius[field] = value.clone());
    let policies = json!([{ "module": "catalogue.wasm", "settings": settings }]);
    let component = std::fs::read(programs::checkout().join("tests/guests/catalogue.wasm"))?;
    bundle(&experiment_within("trial", &blast_radius, &policies), &[("catalogue.wasm", &component)], None)
}

/// A function on which the policy asks for what these settings say.
pub(crate) async fn armed(function: FunctionBuilder, settings: &Value, variables: &[(&str, &str)]) -> Result<Layered> {
    let layered = layered::layered_after(catalogue(settings)?, function, variables).await?;
    layered.until_line("armed").await;
    Ok(layered)
}
