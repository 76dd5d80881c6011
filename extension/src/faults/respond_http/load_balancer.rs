//! Application Load Balancers. A target group either has one value for each header, both ways, or has lists, both ways.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;

use super::parts::{Parts, json};
use crate::faults::{FaultError, Limit};

/// What a load balancer takes of a function: 1 MB of JSON.
pub(super) const LIMIT: Limit = Limit { bytes: 1024 * 1024, who: "an Application Load Balancer" };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadBalancer<'a, H> {
    status_code: u16,
    status_description: String,
    #[serde(flatten)]
    headers: H,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
struct Single<'a> {
    headers: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Multi<'a> {
    multi_value_headers: BTreeMap<&'a str, Vec<&'a str>>,
}

/// One value for each header: several are joined, but cookies cannot be, and only the last would arrive.
pub(super) fn write(parts: &Parts<'_>) -> Result<Vec<u8>, FaultError> {
    let mut headers = parts.joined();
    match parts.cookies[..] {
        [] => {}
        [only] => {
            headers.insert("set-cookie", only.to_owned());
        }
        ref many => return Err(FaultError::ManyCookies { count: many.len() }),
    }
    Ok(answer(parts, Single { headers }))
}

/// A list for each header.
pub(super) fn write_multi_value(parts: &Parts<'_>) -> Vec<u8> {
    let lists = parts.headers.iter().map(|(name, values)| (name.as_str(), values.iter().map(AsRef::as_ref).collect()));
    let mut multi_value_headers: BTreeMap<_, _> = lists.collect();
    if !parts.cookies.is_empty() {
        multi_value_headers.insert("set-cookie", parts.cookies.clone());
    }
    answer(parts, Multi { multi_value_headers })
}

fn answer(parts: &Parts<'_>, headers: impl Serialize) -> Vec<u8> {
    let (body, is_base64_encoded) = parts.body();
    let status_description = description(parts.status);
    json(&LoadBalancer { status_code: parts.status, status_description, headers, body, is_base64_encoded })
}

/// The status with its reason, as in `404 Not Found`.
pub(in crate::faults) fn description(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
