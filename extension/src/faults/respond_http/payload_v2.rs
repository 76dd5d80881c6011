//! Payload format 2.0: HTTP APIs, and function URLs that buffer. Cookies have a list of their own.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::parts::{Parts, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayloadV2<'a> {
    status_code: u16,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cookies: &'a [&'a str],
    body: Cow<'a, str>,
    is_base64_encoded: bool,
}

pub(super) fn write(parts: &Parts<'_>) -> Vec<u8> {
    let (headers, (body, is_base64_encoded)) = (parts.joined(), parts.body());
    json(&PayloadV2 { status_code: parts.status, headers, cookies: &parts.cookies, body, is_base64_encoded })
}
