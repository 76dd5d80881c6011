use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::wire::Reply;

/// What names the invocation in an answer.
pub(super) const REQUEST_ID: &str = "x-amzn-RequestId";

/// A function's answer as HTTP. Without a `statusCode` the whole answer is a JSON body; one that is not JSON, or whose
/// members have other types than the format says, is a failure.
pub(super) fn reply(answer: &[u8], request_id: &str) -> Reply {
    let reply = match serde_json::from_slice(answer) {
        Ok(Value::Object(members)) if members.contains_key("statusCode") => formatted(&members),
        Ok(Value::String(text)) => Some(Reply::new(200).header("Content-Type", "application/json").body(text)),
        Ok(_) => Some(Reply::new(200).header("Content-Type", "application/json").body(Bytes::copy_from_slice(answer))),
        Err(_) => None,
    };
    reply.map_or_else(|| failed(request_id), |reply| reply.header(REQUEST_ID, request_id))
}

/// What a caller sees of any failure of the function.
pub(super) fn failed(request_id: &str) -> Reply {
    Reply::new(502)
        .header("Content-Type", "application/json")
        .header(REQUEST_ID, request_id)
        .body("Internal Server Error")
}

pub(super) fn too_large() -> Reply {
    Reply::new(413)
        .header("Connection", "close")
        .json(&json!({ "Message": "Request must be smaller than 6291456 bytes" }))
}

fn formatted(members: &Map<String, Value>) -> Option<Reply> {
    let reply = head(members)?;
    let body = match members.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if members.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return None,
    };
    Some(reply.body(body))
}

/// Status, headers and cookies, of a whole answer or of a streamed one's prelude.
pub(super) fn head(members: &Map<String, Value>) -> Option<Reply> {
    let status = match members.get("statusCode") {
        None => 200,
        Some(status) => status.as_u64().or_else(|| status.as_str()?.parse().ok())?,
    };
    let status = u16::try_from(status).ok().filter(|status| (100..=599).contains(status))?;
    let mut reply = Reply::new(status);
    let mut has_type = false;
    for (name, value) in members.get("headers").and_then(Value::as_object).into_iter().flatten() {
        has_type |= name.eq_ignore_ascii_case("content-type");
        if !is_framing(name) {
            reply = reply.header(clean(name), clean(&text(value)?));
        }
    }
    if !has_type {
        reply = reply.header("Content-Type", "application/json");
    }
    for cookie in members.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        reply = reply.header("Set-Cookie", clean(cookie.as_str()?));
    }
    Some(reply)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The front frames bodies itself.
fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection", "date"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}

/// Without line ends: an answer must not be able to add headers or a second answer.
fn clean(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replied(answer: &str) -> (u16, Vec<(String, String)>, Bytes) {
        let reply = reply(answer.as_bytes(), "r");
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        (reply.status, headers.filter(|(name, _)| name != REQUEST_ID).collect(), reply.body)
    }

    #[test]
    fn answers_become_http() {
        let json = |value: &str| vec![("Content-Type".to_owned(), value.to_owned())];
        for (answer, expected) in [
            (r#"{"id":1}"#, (200, json("application/json"), r#"{"id":1}"#)),
            (r#"[1]"#, (200, json("application/json"), "[1]")),
            (r#""hi""#, (200, json("application/json"), "hi")),
            (r#"{"statusCode":204}"#, (204, json("application/json"), "")),
            (r#"{"statusCode":"404","body":"x"}"#, (404, json("application/json"), "x")),
            (r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#, (200, json("application/json"), "hi")),
            (r#"{"statusCode":200,"body":{"not":"text"}}"#, (502, json("application/json"), "Internal Server Error")),
            (r#"{"statusCode":"no"}"#, (502, json("application/json"), "Internal Server Error")),
            ("not json", (502, json("application/json"), "Internal Server Error")),
        ] {
            let (status, headers, body) = expected;
            assert_eq!(replied(answer), (status, headers, Bytes::from(body)), "{answer}");
        }
    }

    #[test]
    fn headers_and_cookies_are_the_functions_but_framing_is_ours() {
        let answer = r#"{"statusCode":200,"headers":{"Content-Length":"9","content-type":"text/plain","x-i":"a\r\nb: c","x-n":1},"cookies":["a=1","b=2"]}"#;
        let (_, headers, _) = replied(answer);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("content-type", "text/plain"),
            ("x-i", "ab: c"),
            ("x-n", "1"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
        ];
        assert_eq!(headers, expected);
    }
}
