//! One ending, played on the local Lambda.

use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::function::Function;
use misrule_local::lambda::{End, Event, Exchange, InvocationId, Recording, StreamEnd};
use misrule_tests::layered::{PATIENCE, free_port, http_event};
use misrule_tests::programs;
use misrule_tests::publishing::experiment;
use serde_json::json;
use tempfile::TempDir;

use super::client::Client;
use super::matrix::Ending;
use crate::do_no_harm::message::{Got, Request};
use crate::faults::catalogue;

/// What stands between runtime and Lambda.
#[derive(Clone, Debug)]
pub(crate) enum Between {
    Nothing,
    /// The layer, with this delivery in force.
    Layer(Vec<u8>),
}

/// Everything that is seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// By Lambda.
    pub(crate) requests: Vec<Request>,
    /// By the callers of the function.
    pub(crate) got: Vec<Got>,
}

impl Seen {
    /// What the first caller got, in a few words.
    pub(crate) fn caller(&self) -> String {
        match self.got.first() {
            Some(Got::Answer(_)) => "answer".to_owned(),
            Some(Got::Error { error_type, .. }) => format!("`{error_type}`"),
            Some(Got::Stream { end: StreamEnd::Complete, .. }) => "whole stream".to_owned(),
            Some(Got::Stream { end: StreamEnd::Error(error), .. }) => format!("stream, then `{}`", error.error_type),
            Some(Got::Stream { end: StreamEnd::Truncated, .. }) => "cut stream".to_owned(),
            None => "nothing".to_owned(),
        }
    }
}

/// Layers that are to change nothing: one that looks at every event, and where there is an answer one that holds it back
/// until it is whole.
pub(crate) fn harmless(ending: Ending) -> Result<Vec<Between>> {
    let mut layers = vec![Between::Layer(outage_of("/elsewhere/**").into())];
    if !matches!(ending, Ending::InitError | Ending::Crash | Ending::Timeout) {
        let after = json!([{ "fault": "set-status", "number": 500 }]);
        let settings = json!({ "path": "/elsewhere", "after": after, "answer_body": true });
        layers.push(Between::Layer(catalogue(&settings)?));
    }
    Ok(layers)
}

/// An experiment that answers this path.
pub(crate) fn outage_of(path: &str) -> String {
    experiment("outage", &json!([{ "use": "path-outage", "settings": { "paths": [path], "status": 404 } }]))
}

/// Has an invocation end so, and where init succeeded one more that is answered.
pub(crate) async fn played(client: Client, ending: Ending, between: &Between) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let function = function(client, ending, between, &folder)?;
    let in_time = tokio::time::timeout(2 * PATIENCE, seen(&function, ending)).await;
    let seen = in_time.with_context(|| format!("nothing came of {client:?}, {ending:?}: {:#?}", function.output()))?;
    if matches!(between, Between::Layer(_)) && ending != Ending::InitError {
        let armed = function.until_output(|line| line.text.contains(r#""misrule":"armed""#).then_some(()));
        let armed = tokio::time::timeout(PATIENCE, armed).await;
        armed.with_context(|| format!("nothing is armed: {:#?}", function.output()))?;
    }
    Ok(seen)
}

fn function(client: Client, ending: Ending, between: &Between, folder: &TempDir) -> Result<Function> {
    let timeout = Duration::from_secs(if ending == Ending::Timeout { 4 } else { 30 });
    let mut builder = client.function(ending.handler())?.timeout(timeout).recording(Recording::Everything);
    if ending == Ending::InitError {
        builder = builder.env("FAIL_INIT", "true");
    }
    if let Between::Layer(delivery) = between {
        let file = folder.path().join("delivery");
        std::fs::write(&file, delivery)?;
        builder = builder
            .extension(programs::program("misrule-extension")?, [])
            .wrapper(programs::program("misrule-wrapper")?)
            .env("MISRULE_PORT", free_port()?.to_string())
            .env("MISRULE_SOURCE", format!("file:{}", file.display()))
            .env("MISRULE_FIRST_WAIT", "10s");
    }
    Ok(builder.cold()?)
}

async fn seen(function: &Function, ending: Ending) -> Seen {
    let mut got = vec![invoked(function, 0, ending.path()).await];
    if ending != Ending::InitError {
        got.push(invoked(function, 1, Ending::Answer.path()).await);
    }
    let mut has_settled = |all: &[Exchange]| is_settled(all, ending).then(|| all.to_vec());
    let exchanges = function.until(&mut has_settled).await;
    let requests = exchanges.iter().filter(|one| is_the_runtimes(one));
    // Which connections are used is compared elsewhere; here each environment counts its own.
    Seen { requests: requests.map(|one| Request::of(one, &mut Vec::new())).collect(), got }
}

async fn invoked(function: &Function, number: usize, path: &str) -> Got {
    let event = Event {
        request_id: Some(format!("request-{number}")),
        invocation_id: InvocationId::Given(format!("invocation-{number}")),
        qualifier: Some("live".to_owned()),
        ..Event::from(http_event("GET", path))
    };
    Got::of(function.invoke(event).await.outcome).await
}

fn is_the_runtimes(exchange: &Exchange) -> bool {
    !exchange.head.path().starts_with("/2020-01-01/extension/")
}

/// Whether every request has its end, and a runtime that goes on waits for more.
fn is_settled(all: &[Exchange], ending: Ending) -> bool {
    let is_next = |one: &Exchange| one.head.path().ends_with("/invocation/next");
    let mut runtimes = all.iter().filter(|one| is_the_runtimes(one)).peekable();
    let goes_on = ending == Ending::InitError || all.iter().rfind(|one| is_the_runtimes(one)).is_some_and(is_next);
    let ended = |one: &Exchange| one.end != End::Open && (one.status.is_some() || is_next(one));
    goes_on && runtimes.all(ended)
}
