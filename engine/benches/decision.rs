//! How long one decision takes, in process: all policies of an experiment are asked about an event, and none acts.
//!
//!     cargo bench --package misrule-engine --bench decision
//!
//! "warm" is an event whose path was found before: the same one is decided again. "first" has the path to find, in an event
//! that nobody looked into yet.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench takes the time, and prints its table")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use misrule_engine::decision::{Armoury, Carries, Enforcer};
use misrule_engine::delivery::{Form, Package};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;

/// When the experiments start.
const START: Timestamp = Timestamp::from_milliseconds(1_796_112_000_000);
/// When events arrive.
const NOW: Timestamp = Timestamp::from_milliseconds(1_796_112_060_000);

const ROUNDS: usize = 15;
/// Decisions of a round.
const TIMES: u32 = 1_000;

const ONE: &str = r#"
[[policy]]
use = "path-outage"
settings = { paths = ["/health", "/orders/{id}"], status = 404 }
"#;

const TWO_MORE: &str = r#"
[[policy]]
use = "latency"
settings = { paths = ["/slow"], delay = "1s" }
[[policy]]
use = "error"
settings = { paths = ["/error"] }
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::new()?;
    println!("| policies | event | warm, us: median (range) | first, us: median (range) |");
    println!("| --- | --- | --- | --- |");
    for (name, policies) in [("path-outage", ONE.to_owned()), ("three", format!("{ONE}{TWO_MORE}"))] {
        let enforcer = arm(&sandbox, &policies)?;
        for (size, bytes) in [("1 KB", 1024), ("6 MB", 6 * 1024 * 1024)] {
            let event = event(bytes);
            println!("| {name} | {size} | {} | {} |", warm(&enforcer, &event)?, first(&enforcer, &event)?);
        }
    }
    Ok(())
}

fn arm(sandbox: &Sandbox, policies: &str) -> Result<Enforcer, Box<dyn Error>> {
    let text = format!("name = \"bench\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"checkout\"]\n{policies}");
    let experiment = Experiment::from_toml(&text)?.resolve(START, "us-east-1")?;
    let package = Package::unsigned(experiment, Form::Bundle, BTreeMap::new(), Digest::of(text.as_bytes()));
    let environment = Environment {
        function_name: "checkout".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: "us-east-1".to_owned(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    };
    let carries = Carries::everything();
    let armoury =
        Armoury { sandbox, ready_made: &ready_made, environment: &environment, carries: &carries, previous: None };
    Ok(armoury.arm(&package, NOW)?)
}

fn ready_made(name: &str) -> Option<&'static [u8]> {
    match name {
        "path-outage" => Some(include_bytes!("../../policies/components/path-outage.wasm")),
        "latency" => Some(include_bytes!("../../policies/components/latency.wasm")),
        "error" => Some(include_bytes!("../../policies/components/error.wasm")),
        _ => None,
    }
}

/// An event of an HTTP API that none of the policies means, as long as this.
fn event(bytes: usize) -> Bytes {
    let context =
        r#"{"http":{"method":"POST","path":"/checkout/42"},"stage":"$default","domainName":"api.example.com"}"#;
    let head =
        format!(r#"{{"version":"2.0","rawPath":"/checkout/42","headers":{{}},"requestContext":{context},"body":""#);
    let padding = bytes.saturating_sub(head.len() + 2);
    Bytes::from(format!("{head}{}\"}}", "x".repeat(padding)))
}

fn invocation(event: &Bytes) -> Arc<Invocation> {
    let head = Head {
        request_id: RequestId::new("8476a536-e9f4-11e8-9739-000000000001"),
        invocation_id: None,
        invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:checkout".to_owned(),
        trace_id: None,
        tenant_id: None,
        arrived: NOW,
        deadline: NOW.plus(Duration::from_secs(30)),
        sequence: 1,
    };
    Arc::new(Invocation::new(head, event.clone()))
}

/// One decision, from the draw on. It must ask, and find nothing to do.
fn decide(enforcer: &Enforcer, invocation: &Arc<Invocation>) -> Result<(), Box<dyn Error>> {
    let admission = enforcer.admit(invocation.head()).ok_or("the event is not eligible")?;
    let decision = enforcer.before(invocation, &admission, NOW);
    let silent = admission.wants_before() && decision.plan.is_empty() && decision.notes.is_empty();
    silent.then_some(()).ok_or_else(|| "a policy acted".into())
}

fn warm(enforcer: &Enforcer, event: &Bytes) -> Result<String, Box<dyn Error>> {
    let invocation = invocation(event);
    decide(enforcer, &invocation)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..TIMES {
            decide(enforcer, &invocation)?;
        }
        rounds.push(began.elapsed() / TIMES);
    }
    Ok(spread(rounds))
}

fn first(enforcer: &Enforcer, event: &Bytes) -> Result<String, Box<dyn Error>> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let fresh = invocation(event);
        let began = Instant::now();
        decide(enforcer, &fresh)?;
        rounds.push(began.elapsed());
    }
    Ok(spread(rounds))
}

/// The median, and from where to where the rounds go, in microseconds.
fn spread(mut rounds: Vec<Duration>) -> String {
    rounds.sort();
    let micros = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
    let (least, median, most) = (micros(rounds.first()), micros(rounds.get(rounds.len() / 2)), micros(rounds.last()));
    format!("{median:.2} ({least:.2} to {most:.2})")
}
