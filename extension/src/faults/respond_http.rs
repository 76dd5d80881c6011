//! `respond-http`: answers the caller in its own HTTP shape; the handler never sees the event.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use misrule_engine::decision::{FaultKind, Hook, HttpAnswer, PolicyName};
use misrule_engine::invocation::HttpShape;
use serde::Serialize;

use super::{Effect, FaultError, Outcome, Post, Scene, within_limit};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::RespondHttp;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Says which policy of which experiment made an answer.
pub const MADE_BY: &str = "x-misrule";

/// Writes the answer in the shape that the event's source reads.
///
/// # Errors
/// Where the event is no HTTP request of a known shape, or the answer is too large for Lambda.
pub async fn carry_out(answer: &HttpAnswer, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let made_by = format!("{}/{policy}", scene.armed.enforcer.experiment().name);
    let body = match scene.invocation.answerable() {
        Some(HttpShape::PayloadV2) => payload_v2(answer, made_by),
        _ => return Err(FaultError::NotAnswerable { source_name: scene.invocation.source().name() }),
    };
    let post = Post { policy: policy.clone(), kind: KIND, outcome: Outcome::Response, body: within_limit(body)? };
    Ok(Effect::Answer(post))
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayloadV2 {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

fn payload_v2(answer: &HttpAnswer, made_by: String) -> Vec<u8> {
    let (headers, cookies) = headers_and_cookies(answer, made_by);
    let (body, is_base64_encoded) = match std::str::from_utf8(&answer.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&answer.body), true),
    };
    let answer = PayloadV2 { status_code: answer.status, headers, cookies, body, is_base64_encoded };
    // Strings and numbers in a map with text keys: there is nothing in it that JSON cannot say.
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// Header names in lower case, repeated ones joined by commas; `set-cookie` cannot be joined and has a place of its own.
fn headers_and_cookies(answer: &HttpAnswer, made_by: String) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut headers, mut cookies) = (BTreeMap::<String, String>::new(), Vec::new());
    for (name, value) in &answer.headers {
        let name = name.to_ascii_lowercase();
        if name == "set-cookie" {
            cookies.push(value.clone());
            continue;
        }
        headers
            .entry(name)
            .and_modify(|values| *values = format!("{values}, {value}"))
            .or_insert_with(|| value.clone());
    }
    headers.insert(MADE_BY.to_owned(), made_by);
    (headers, cookies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(headers: &[(&str, &str)], body: &[u8]) -> String {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = HttpAnswer { status: 404, headers, body: body.to_vec() };
        String::from_utf8(payload_v2(&answer, "outage/path-outage".to_owned())).unwrap()
    }

    #[test]
    fn payload_2_has_headers_in_one_place_and_cookies_in_another() {
        let headers = [
            ("Retry-After", "2"),
            ("set-cookie", "a=1, b"),
            ("vary", "origin"),
            ("Set-Cookie", "c=2"),
            ("VARY", "cookie"),
        ];
        assert_eq!(
            written(&headers, b"gone"),
            r#"{"statusCode":404,"headers":{"retry-after":"2","vary":"origin, cookie","x-misrule":"outage/path-outage"},"cookies":["a=1, b","c=2"],"body":"gone","isBase64Encoded":false}"#
        );
    }

    #[test]
    fn a_body_that_is_no_text_is_written_in_base64() {
        assert_eq!(
            written(&[], b"\xff\x00"),
            r#"{"statusCode":404,"headers":{"x-misrule":"outage/path-outage"},"body":"/wA=","isBase64Encoded":true}"#
        );
    }

    #[test]
    fn a_policy_cannot_pretend_to_be_another() {
        let answer = written(&[("X-Misrule", "innocent")], b"");
        assert!(answer.contains(r#""x-misrule":"outage/path-outage""#) && !answer.contains("innocent"), "{answer}");
    }
}
