//! What runtimes and Lambda say: messages as bytes, and the experiments of cases that need one.

use std::time::Duration;

use anyhow::Result;
use misrule_engine::time::Timestamp;
use misrule_tests::publishing::{self, now};
use serde_json::{Value, json};

use super::guest;
use super::stage::Setting;

pub(crate) const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\nUser-Agent: r/1\r\n\r\n";
pub(crate) const RESTORE: &str = "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: l\r\n\r\n";
pub(crate) const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\nDate: d\r\n\r\n{\"status\":\"OK\"}\n";
pub(crate) const STREAMING: &str = "Lambda-Runtime-Function-Response-Mode: streaming\r\n";
/// The path of the answer to the invocation r-1.
pub(crate) const RESPONSE: &str = "/2018-06-01/runtime/invocation/r-1/response";
pub(crate) const ERROR: &str = "/2018-06-01/runtime/invocation/r-1/error";

/// An answer of Lambda's, each header with its line's end.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// A refusal as Lambda words it.
pub(crate) fn refusal(status: &str) -> Vec<u8> {
    answer(status, "Content-Type: application/json\r\n", b"{\"errorMessage\":\"no\",\"errorType\":\"x\"}\n")
}

/// An event, with these headers besides the usual.
pub(crate) fn event(headers: &str, body: &[u8]) -> Vec<u8> {
    let ids = "Lambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n";
    answer("200 OK", &format!("Content-Type: application/json\r\nDate: d\r\n{ids}{headers}"), body)
}

/// The event r-NUMBER of a function URL for this path, due in a minute.
pub(crate) fn request(number: u32, path: &str) -> Vec<u8> {
    request_due(number, path, now().plus(Duration::from_secs(60)))
}

/// The same, due then.
pub(crate) fn request_due(number: u32, path: &str, due: Timestamp) -> Vec<u8> {
    let deadline = due.as_milliseconds();
    let http = json!({ "http": { "method": "GET", "path": path }, "stage": "$default",
        "domainName": "abc.lambda-url.us-east-1.on.aws" });
    let event = json!({ "version": "2.0", "rawPath": path, "headers": {}, "requestContext": http }).to_string();
    let headers = format!(
        "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r-{number}\r\n\
        Lambda-Runtime-Invocation-Id: i-{number}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
        Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:orders\r\n"
    );
    answer("200 OK", &headers, event.as_bytes())
}

/// A runtime's message with a measured body.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: l\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The handler's result.
pub(crate) fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    post(RESPONSE, headers, body)
}

/// The head of a result in chunks.
pub(crate) fn streamed_head(headers: &str) -> String {
    format!("POST {RESPONSE} HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n{headers}\r\n")
}

/// A result in chunks, as they are written.
pub(crate) fn streamed(headers: &str, chunks: &str) -> Vec<u8> {
    (streamed_head(headers) + chunks).into_bytes()
}

/// A chunk of a body.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// An experiment of these policies on every function, with the faults that cases want and a budget that none uses up.
pub(crate) fn experiment(name: &str, policies: &Value) -> String {
    let budget = json!({ "per_environment": 1_000_000, "per_minute": 1_000_000 });
    let faults = ["delay", "respond-http", "fail", "cut", "break-off"];
    publishing::experiment_within(name, &json!({ "functions": ["*"], "faults": faults, "budget": budget }), policies)
}

/// An experiment of ready-made policies in force before the first event, in the layer next to the runtime.
pub(crate) fn armed(policies: &Value) -> Setting {
    Setting { delivery: Some(experiment("trial", policies).into_bytes()), ..Setting::default() }
}

/// The same with variables.
pub(crate) fn armed_with(policies: &Value, variables: &[(&'static str, &str)]) -> Setting {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Setting { variables, ..armed(policies) }
}

/// Only variables.
pub(crate) fn set(variables: &[(&'static str, &str)]) -> Setting {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Setting { variables, ..Setting::default() }
}

/// The layers have a clock that only the case moves.
pub(crate) fn clocked() -> Setting {
    Setting { clocked: true, ..Setting::default() }
}

/// An experiment whose only policy is this component.
pub(crate) fn armed_module(name: &str, component: &[u8], settings: &Value) -> Result<Setting> {
    Ok(Setting { delivery: Some(bundled(name, component, settings)?), ..Setting::default() })
}

/// The bundle of such an experiment.
pub(crate) fn bundled(name: &str, component: &[u8], settings: &Value) -> Result<Vec<u8>> {
    let experiment = experiment(name, &json!([{ "module": "guest.wasm", "settings": settings }]));
    publishing::bundle(&experiment, &[("guest.wasm", component)], None)
}

/// An experiment whose only policy is a guest in WebAssembly's text.
pub(crate) fn armed_guest(guest: &str) -> Result<Setting> {
    armed_module("trial", &guest::component(guest)?, &json!({}))
}

/// `/health` is out.
pub(crate) fn outage() -> Value {
    let settings = json!({ "paths": ["/health"], "status": 404, "headers": { "Retry-After": "2" }, "body": "gone" });
    json!([{ "use": "path-outage", "settings": settings }])
}
