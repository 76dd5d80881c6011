//! What is deployed: the three ready-made policies, by name or as modules of a signed bundle.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use misrule_engine::delivery::{SigningKey, bundle};
use misrule_engine::experiment::Experiment;
use misrule_engine::sandbox::Target;
use misrule_engine::sandbox::images::Precompiler;
use misrule_tests::publishing::{experiment, marked};
use serde_json::{Value, json};

/// One way of delivering the same policies.
pub(crate) struct Delivery {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The key that the layer is given.
    pub(crate) key: Option<String>,
}

/// All of them.
pub(crate) fn each() -> Result<Vec<Delivery>> {
    let named = experiment("bench", &policies("use", "")).into_bytes();
    let images = images()?;
    Ok(vec![
        Delivery { name: "JSON", bytes: named, key: None },
        signed("signed bundle", &bundle::Images::new())?,
        signed("signed bundle with images", &images)?,
    ])
}

fn policies(by: &str, suffix: &str) -> Value {
    json!([
        { by: format!("path-outage{suffix}"), "settings": { "paths": ["/health", "/orders/{id}"], "status": 404 } },
        { by: format!("latency{suffix}"), "settings": { "paths": ["/slow"], "delay": "1s" } },
        { by: format!("error{suffix}"), "settings": { "paths": ["/error"] } },
    ])
}

fn signed(name: &'static str, images: &bundle::Images) -> Result<Delivery> {
    let key = SigningKey::from_seed(&[7; 32]);
    let experiment = experiment("bench", &policies("module", ".wasm"));
    let experiment = Experiment::from_json(experiment.as_bytes())?;
    let bytes = bundle::write(&experiment, &modules()?, images, Some(&key))?;
    Ok(Delivery { name, bytes, key: Some(key.public_key().to_string()) })
}

/// Marked, so that the layer's own images are of other components.
fn modules() -> Result<BTreeMap<String, Vec<u8>>> {
    let named = |policy: &str| {
        let component = misrule_policies::component(policy).context("it is ready-made")?;
        Ok((format!("{policy}.wasm"), marked(component, "bench")))
    };
    ["path-outage", "latency", "error"].into_iter().map(named).collect()
}

fn images() -> Result<bundle::Images> {
    let precompiler = Precompiler::new(Target::here().context("a layer runs on Linux")?)?;
    let image = |(file, component): (String, Vec<u8>)| Ok((file, precompiler.image(&component)?));
    let images = modules()?.into_iter().map(image).collect::<Result<_>>()?;
    Ok(BTreeMap::from([(precompiler.folder(), images)]))
}
