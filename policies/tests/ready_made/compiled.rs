//! A component in the engine's sandbox.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use misrule_engine::decision::{Armoury, Carries, Enforcer, Step as Planned};
use misrule_engine::delivery::{Form, Package};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::invocation::Invocation;
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;
use misrule_sdk::Step;
use misrule_sdk::testing::{Event, World};

/// The experiment's name: draws depend on it.
pub(crate) const EXPERIMENT: &str = "conformance";

/// 2026-12-01 at midnight UTC. Every event of these tests arrives within the week that follows.
const START: Timestamp = Timestamp::from_milliseconds(1_796_083_200_000);

/// A policy's component, armed.
pub(crate) struct Compiled(Enforcer);

impl Compiled {
    /// Arms the component with these settings; else says why not, the causes included.
    pub(crate) fn arm(name: &str, settings: &str) -> Result<Self, String> {
        let sandbox = Sandbox::new().map_err(|error| told(&error))?;
        let environment = environment();
        let module = format!("{name}.wasm");
        let experiment = experiment(name, &module, settings);
        let modules = BTreeMap::from([(module, bytes(name))]);
        let package = Package::unsigned(experiment, Form::Bundle, modules, Digest::of(settings.as_bytes()));
        let armoury = Armoury {
            sandbox: &sandbox,
            ready_made: &|_| None,
            environment: &environment,
            carries: &Carries::everything(),
            previous: None,
        };
        armoury.arm(&package, START).map(Self).map_err(|error| told(&error))
    }

    /// What it asks for before the handler sees the event.
    pub(crate) fn before(&self, event: &Event) -> Vec<String> {
        let invocation: Arc<Invocation> = Arc::new(event.to_invocation(&World::new()));
        let head = invocation.head();
        let admission = self.0.admit(head).expect("every event is within the experiment");
        let decision = self.0.before(&invocation, &admission, head.arrived);
        decision.plan.steps().iter().map(|planned| planned_step(&planned.step)).collect()
    }
}

/// Where policies run in these tests.
pub(crate) fn environment() -> Environment {
    Environment {
        function_name: "function".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: "us-east-1".to_owned(),
        account: Some("123456789012".to_owned()),
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    }
}

/// The component under test.
pub(crate) fn bytes(name: &str) -> Bytes {
    match std::env::var_os("MISRULE_COMPONENTS").map(PathBuf::from) {
        Some(folder) => Bytes::from(fs::read(folder.join(format!("{name}.wasm"))).expect(name)),
        None => Bytes::from_static(misrule_policies::component(name).expect(name)),
    }
}

/// One that uses this module alone.
pub(crate) fn experiment(name: &str, module: &str, settings: &str) -> Experiment {
    let text = format!(
        r#"{{
            "name": "{EXPERIMENT}",
            "starts": "2026-12-01T00:00:00Z",
            "expires": "2026-12-08T00:00:00Z",
            "blast_radius": {{ "functions": ["function"], "regions": ["us-east-1"] }},
            "policy": [{{ "name": "{name}", "module": "{module}", "settings": {settings} }}]
        }}"#
    );
    Experiment::from_json(text.as_bytes()).expect("the experiment is valid")
}

fn told(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// A native step in words.
pub(crate) fn step(step: &Step) -> String {
    match step {
        Step::Delay(duration) => format!("delay {duration:?}"),
        Step::RespondHttp { status, headers, body } => respond(*status, headers, body),
        Step::Fail { error_type, message, stack } => format!("fail {error_type:?} {message:?} {stack:?}"),
        other => panic!("no ready-made policy asks for {other:?}"),
    }
}

/// A planned step in the same words.
pub(crate) fn planned_step(step: &Planned) -> String {
    match step {
        Planned::Delay(duration) => format!("delay {duration:?}"),
        Planned::RespondHttp(answer) => respond(answer.status, &answer.headers, &answer.body),
        Planned::Fail(error) => format!("fail {:?} {:?} {:?}", error.error_type, error.message, error.stack),
        other => panic!("no ready-made policy asks for {other:?}"),
    }
}

fn respond(status: u16, headers: &[(String, String)], body: &[u8]) -> String {
    format!("respond {status} {headers:?} {:?}", String::from_utf8_lossy(body))
}
