//! Payload format 1.0: REST APIs, and HTTP APIs that ask for it. What has one value stands in `headers`, what has more in
//! `multiValueHeaders`; API Gateway merges the two.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::parts::{Parts, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayloadV1<'a> {
    status_code: u16,
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<&'a str, Vec<&'a str>>,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
}

pub(super) fn write(parts: &Parts<'_>) -> Vec<u8> {
    let (mut headers, mut multi_value_headers) = (BTreeMap::new(), BTreeMap::new());
    for (name, values) in &parts.headers {
        match &values[..] {
            [only] => {
                headers.insert(name.as_str(), only.as_ref());
            }
            many => {
                multi_value_headers.insert(name.as_str(), many.iter().map(AsRef::as_ref).collect());
            }
        }
    }
    if !parts.cookies.is_empty() {
        multi_value_headers.insert("set-cookie", parts.cookies.clone());
    }
    let (body, is_base64_encoded) = parts.body();
    json(&PayloadV1 { status_code: parts.status, headers, multi_value_headers, body, is_base64_encoded })
}
