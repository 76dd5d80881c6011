//! A streamed answer: function URLs with the invoke mode RESPONSE_STREAM, and REST APIs whose integration streams. Status,
//! headers and cookies as JSON, then eight NUL bytes, then the body's own bytes.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>

use std::collections::BTreeMap;

use serde::Serialize;

use super::parts::{Parts, json};

const END: [u8; 8] = [0; 8];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prelude<'a> {
    status_code: u16,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cookies: &'a [&'a str],
}

pub(super) fn write(parts: &Parts<'_>) -> Vec<u8> {
    let prelude = Prelude { status_code: parts.status, headers: parts.joined(), cookies: &parts.cookies };
    [&json(&prelude), &END[..], parts.body].concat()
}
