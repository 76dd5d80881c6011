//! Makes components of the `.wat` fixtures, and experiments and invocations around them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use misrule_engine::decision::{Admission, ArmError, Armoury, Carries, Decision, Enforcer};
use misrule_engine::delivery::{Form, Package};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;

/// What every fixture has in common; `configure` unless it has its own.
const SHARED: &str = r#"
(memory (export "memory") 2)
(global $free (mut i32) (i32.const 1024))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (if (i32.gt_u (global.get $free) (i32.const 100000)) (then (global.set $free (i32.const 1024))))
  (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -8)))
  (i32.sub (i32.and (global.get $free) (i32.const -8)) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
(data (i32.const 0) "\00\00\00\00\01")
(data (i32.const 16) "\00\00\00\00\03")
(data (i32.const 32) "\01\00\00\00\40\00\00\00\07\00\00\00")
(data (i32.const 64) "misrule")
"#;
const AFTER: &str = r#"(func (export "after"))"#;
const CONFIGURE: &str = r#"(func (export "configure") (param i32 i32) (result i32) (i32.const 0))"#;

/// When every experiment of these tests starts; they end an hour later.
pub(crate) const START: Timestamp = Timestamp::from_milliseconds(1_796_112_000_000);
/// An instant at which they are in force.
pub(crate) const NOW: Timestamp = Timestamp::from_milliseconds(1_796_112_060_000);

/// The component of a fixture.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let special = std::fs::read_to_string(here.join(format!("tests/guests/{name}.wat"))).expect(name);
    let unless = |export: &str, shared: &'static str| if special.contains(export) { "" } else { shared };
    let (after, configure) = (unless("(export \"after\")", AFTER), unless("(export \"configure\")", CONFIGURE));
    let mut module = wat::parse_str(format!("(module {special} {SHARED} {after} {configure})")).expect(name);
    let mut resolve = wit_parser::Resolve::default();
    let contract = std::fs::read_to_string(here.join("../sdk/wit/policy.wit")).expect("the contract");
    let package = resolve.push_str("policy.wit", &contract).expect("the contract parses");
    let world = resolve.select_world(&[package], Some("policy")).expect("the world");
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).expect("metadata");
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.validate(true).module(&module).and_then(|encoder| encoder.encode()).expect("a component of the world")
}

pub(crate) fn environment() -> Environment {
    Environment {
        function_name: "health".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: "us-east-1".to_owned(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    }
}

/// An HTTP API event for this path.
pub(crate) fn event(path: &str) -> Bytes {
    let context = r#"{"http":{"method":"GET","path":"PATH"},"stage":"$default","domainName":"api.example.com"}"#;
    let event = format!(r#"{{"version":"2.0","rawPath":"{path}","headers":{{}},"requestContext":{context}}}"#);
    Bytes::from(event.replace("PATH", path))
}

pub(crate) fn invocation(number: u64, event: Bytes) -> Arc<Invocation> {
    let head = Head {
        request_id: RequestId::new(&format!("8476a536-e9f4-11e8-9739-{number:012x}")),
        invocation_id: Some(format!("i-{number}")),
        invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:health".to_owned(),
        trace_id: None,
        tenant_id: None,
        arrived: NOW,
        deadline: NOW.plus(std::time::Duration::from_secs(3)),
        sequence: number,
    };
    Arc::new(Invocation::new(head, event))
}

/// An experiment with these fixtures as its policies, in this order, and what else its blast radius says. What follows a
/// fixture's name is more of its entry.
pub(crate) fn package(fixtures: &[&'static str], blast_radius: &str) -> Package {
    let split = |fixture: &&'static str| fixture.split_once(' ').unwrap_or((fixture, ""));
    let entry = |(name, more)| format!("[[policy]]\nmodule = \"{name}.wasm\"\n{more}\n");
    let policies: String = fixtures.iter().map(split).map(entry).collect();
    let text = format!(
        "name = \"trial\"\nstarts = {START}\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"health\"]\n{blast_radius}\n{policies}"
    );
    let experiment = Experiment::from_toml(&text).expect("the experiment is valid");
    let experiment = experiment.resolve(START, "us-east-1").expect("it resolves");
    let module = |(name, _)| (format!("{name}.wasm"), Bytes::from(component(name)));
    let modules: BTreeMap<_, _> = fixtures.iter().map(split).map(module).collect();
    Package::unsigned(experiment, Form::Bundle, modules, Digest::of(text.as_bytes()))
}

/// An enforcer under test.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) environment: Environment,
    pub(crate) carries: Carries,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { sandbox: Sandbox::new().expect("a sandbox"), environment: environment(), carries: Carries::everything() }
    }

    pub(crate) fn try_arm(&self, package: &Package, previous: Option<&Enforcer>) -> Result<Enforcer, ArmError> {
        let Self { sandbox, environment, carries } = self;
        Armoury { sandbox, ready_made: &|_| None, environment, carries, previous }.arm(package, NOW)
    }

    pub(crate) fn arm(&self, fixtures: &[&'static str], blast_radius: &str) -> Enforcer {
        self.try_arm(&package(fixtures, blast_radius), None).expect("it arms")
    }
}

/// Asks about one invocation, as the layer does.
pub(crate) fn before(enforcer: &Enforcer, invocation: &Arc<Invocation>) -> Decision {
    let admission: Option<Admission> = enforcer.admit(invocation.head());
    admission.map(|admission| enforcer.before(invocation, &admission, NOW)).unwrap_or_default()
}
