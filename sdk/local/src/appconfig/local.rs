//! What the service has not: calls that play the world around it, for programs that stand outside. They need no
//! signature, and no behaviour of a plane touches them. Each answers with the time that it is here.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::alarms::AlarmState;
use super::disturbance::{DataCall, Disturbance};
use super::refusal::Refusal;
use super::request::Request;
use super::store::Store;
use crate::clock;
use crate::wire::Reply;

/// The first part of the path of these calls; the service has no such path.
pub(super) const PREFIX: &str = "local";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disturb {
    call: DataCall,
    disturbance: Disturbance,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alarm {
    arn: String,
    state: AlarmState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    arn: String,
    /// What the function fails with, whatever it gets; nothing where it passes everything.
    error: Option<String>,
}

pub(super) fn answer(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let segments: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    match (request.head.method.as_str(), segments.as_slice()) {
        ("GET", ["clock"]) => {}
        ("POST", ["clock", "advance"]) => {
            let seconds = read::<Advance>(request)?.seconds;
            let by = Duration::try_from_secs_f64(seconds);
            store.clock.advance(
                by.map_err(|_| Refusal::bad_request("`seconds` must be 0 or more, and a time that a clock can tell"))?,
            );
        }
        ("POST", ["alarms"]) => {
            let Alarm { arn, state } = read(request)?;
            store.set_alarm(arn, state);
        }
        ("POST", ["lambda-validators"]) => {
            let Function { arn, error } = read(request)?;
            store.functions.insert(arn, Box::new(move |_| error.clone().map_or(Ok(()), Err)));
        }
        ("POST", ["disturbances"]) => {
            let Disturb { call, disturbance } = read(request)?;
            store.disturbances.push(call, disturbance);
        }
        _ => return Err(Refusal::unknown_operation()),
    }
    Ok(Reply::new(200).json(&json!({ "now": clock::iso_date(store.now()) })))
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::bad_request(&error.to_string()))
}
