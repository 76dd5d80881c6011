//! A proxy with an experiment in force, of ready-made policies or of guests that the tests write.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use misrule_engine::decision::{Carries, FaultKind};
use misrule_engine::delivery::bundle;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_extension::clock;
use misrule_extension::control::Control;
use misrule_extension::faults::carried_out;
use misrule_extension::proxy::Proxy;
use misrule_extension::settings::{Settings, UpstreamAddress};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::exchange::serve;
use super::guest::component;

/// A proxy that injects, and the file its experiment stands in.
pub(crate) struct Armed {
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Armed {
    /// Nothing may inject any more, once the layer looks again: the file is looked at each second.
    pub(crate) fn halt(&self) {
        std::fs::write(self.folder.path().join(EXPERIMENT), r#"{"halt": true}"#).unwrap();
    }
}

const EXPERIMENT: &str = "experiment";

/// The proxy of a function in this region: the first event waits until the experiment is in force.
pub(crate) async fn armed(upstream: SocketAddr, policies: &Value, modules: &[(&str, &str)], dry_run: bool) -> Armed {
    let (armed, load) = unarmed(upstream, policies, modules, dry_run).await;
    load();
    armed
}

/// The same of one guest, within this and no more than this beside the functions.
pub(crate) async fn armed_within(upstream: SocketAddr, guest: &str, blast_radius: &Value) -> Armed {
    let delivery = bundled(&experiment(&json!([{ "module": "guest.wasm" }]), blast_radius), &[("guest.wasm", guest)]);
    let (armed, load) = delivered(upstream, delivery, false).await;
    load();
    armed
}

/// The same before anything is loaded, and what loads it: the layer listens first.
pub(crate) async fn unarmed(
    upstream: SocketAddr,
    policies: &Value,
    modules: &[(&str, &str)],
    dry_run: bool,
) -> (Armed, impl FnOnce() + use<>) {
    let experiment = experiment(policies, &json!({}));
    let delivery = if modules.is_empty() { experiment.to_string().into() } else { bundled(&experiment, modules) };
    delivered(upstream, delivery, dry_run).await
}

async fn delivered(upstream: SocketAddr, delivery: Vec<u8>, dry_run: bool) -> (Armed, impl FnOnce() + use<>) {
    misrule_extension::telemetry::install(&"off".parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(EXPERIMENT);
    std::fs::write(&file, delivery).unwrap();
    let source = format!("file:{}", file.display());
    let (settings, wrong) = Settings::read(|name| match name {
        "MISRULE_SOURCE" => Some(source.clone()),
        "MISRULE_LOCAL" => Some("true".to_owned()),
        "MISRULE_FIRST_WAIT" => Some("20s".to_owned()),
        "AWS_LAMBDA_RUNTIME_API" => Some(upstream.to_string()),
        _ => None,
    });
    assert!(wrong.is_empty(), "{wrong:?}");
    let proxy = Proxy::new(
        misrule_extension::proxy::Lambda::new(UpstreamAddress::parse(&upstream.to_string()).unwrap()),
        dry_run,
    );
    let address = serve(std::sync::Arc::clone(&proxy)).await;
    let load = move || proxy.obey(Control::start(&settings, environment(), Carries::new(&carried_out())));
    (Armed { address, folder }, load)
}

fn experiment(policies: &Value, within: &Value) -> Value {
    let expires = clock::now().plus(Duration::from_secs(3600)).to_string();
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut blast_radius = json!({ "functions": ["*"], "faults": faults });
    within.as_object().into_iter().flatten().for_each(|(field, value)| blast_radius[field] = value.clone());
    json!({ "name": "trial", "expires": expires, "blast_radius": blast_radius, "policy": policies })
}

fn bundled(experiment: &Value, modules: &[(&str, &str)]) -> Vec<u8> {
    let experiment = Experiment::from_json(experiment.to_string().as_bytes()).unwrap();
    let modules: BTreeMap<_, _> = modules.iter().map(|(name, guest)| ((*name).to_owned(), component(guest))).collect();
    bundle::write(&experiment, &modules, &BTreeMap::new(), None).unwrap()
}

fn environment() -> Environment {
    Environment {
        function_name: "orders".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: "us-east-1".to_owned(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    }
}
