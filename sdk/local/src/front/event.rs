use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clock;
use crate::wire::{Head, Header};

/// Who calls, under which name, and when.
pub(super) struct Caller<'a> {
    pub(super) address: Option<SocketAddr>,
    pub(super) domain: &'a str,
    pub(super) now: u64,
    pub(super) request_id: &'a str,
    pub(super) trace_id: &'a str,
}

/// An id of the shape that function URLs have; the same for the same function.
pub(super) fn url_id(function: &str, region: &str) -> String {
    let mut state = 0;
    for byte in function.bytes().chain([0]).chain(region.bytes()) {
        state = clock::scramble(state ^ u64::from(byte));
    }
    let mut id = String::new();
    for _ in 0..32 {
        state = clock::scramble(state);
        id.extend(u32::try_from(state % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
    }
    id
}

/// The event: payload format 2.0 with the route `$default`.
pub(super) fn payload(head: &Head, body: &[u8], caller: &Caller<'_>) -> String {
    let source = caller.address.map_or_else(String::new, |address| address.ip().to_string());
    let headers = headers(head, caller, &source);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": head.path(),
        "rawQueryString": head.query(),
        "requestContext": context(head, caller, &source),
        "isBase64Encoded": false,
    });
    let cookies: Vec<String> = head.values("cookie").flat_map(cookies).collect();
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    let query = query(head.query());
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(headers.get("content-type")));
        event["isBase64Encoded"] = text.is_none().into();
        event["body"] = text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
    }
    event["headers"] = json!(headers);
    event.to_string()
}

fn context(head: &Head, caller: &Caller<'_>, source: &str) -> Value {
    let id = caller.domain.split('.').next().unwrap_or_default();
    json!({
        "accountId": "anonymous",
        "apiId": id,
        "domainName": caller.domain,
        "domainPrefix": id,
        "http": {
            "method": head.method,
            "path": percent_decode_str(head.path()).decode_utf8_lossy(),
            "protocol": "HTTP/1.1",
            "sourceIp": source,
            "userAgent": head.header("user-agent").unwrap_or_default(),
        },
        "requestId": caller.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": clock::log_date(caller.now),
        "timeEpoch": caller.now,
    })
}

/// Names in lower case, values of one name joined by commas, cookies apart, and what AWS's own front adds.
fn headers(head: &Head, caller: &Caller<'_>, source: &str) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for header in &head.headers {
        let name = header.name.to_ascii_lowercase();
        if matches!(name.as_str(), "cookie" | "connection" | "transfer-encoding" | "keep-alive" | "expect") {
            continue;
        }
        let value = String::from_utf8_lossy(&header.value).into_owned();
        headers.entry(name).and_modify(|joined| *joined = format!("{joined},{value}")).or_insert(value);
    }
    headers.insert("host".to_owned(), caller.domain.to_owned());
    headers.insert("x-forwarded-for".to_owned(), source.to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "https".to_owned());
    headers.insert("x-forwarded-port".to_owned(), "443".to_owned());
    headers.insert("x-amzn-trace-id".to_owned(), caller.trace_id.to_owned());
    headers
}

/// The caller's tracing header, or a fresh one: it is the event's and the invocation's.
pub(super) fn trace_id(head: &Head, now: u64) -> String {
    if let Some(given) = head.header("x-amzn-trace-id") {
        return given.to_owned();
    }
    let noise = clock::uuid().replace('-', "");
    format!("Root=1-{:08x}-{}", now / 1000, &noise[..24])
}

fn cookies(header: &Header) -> Vec<String> {
    let text = String::from_utf8_lossy(&header.value);
    text.split(';').map(|cookie| cookie.trim().to_owned()).filter(|cookie| !cookie.is_empty()).collect()
}

fn query(raw: &str) -> BTreeMap<String, String> {
    let mut query = BTreeMap::<String, String>::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let value = decoded(value);
        query.entry(decoded(name)).and_modify(|joined| *joined = format!("{joined},{value}")).or_insert(value);
    }
    query
}

/// Bodies of these types are passed as text, all others in base64.
fn is_text(content_type: Option<&String>) -> bool {
    let kind = content_type.map_or("", |kind| kind.split(';').next().unwrap_or_default().trim());
    kind.starts_with("text/")
        || matches!(kind, "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn event(request: &str, body: &[u8]) -> Value {
        let head = Head::parse(Bytes::from(format!("{request}\r\n\r\n"))).unwrap();
        let caller = Caller {
            address: Some(([127, 0, 0, 1], 9).into()),
            domain: "abc.lambda-url.eu-west-1.on.aws",
            now: 784_111_777_000,
            request_id: "r-1",
            trace_id: "Root=1",
        };
        serde_json::from_str(&payload(&head, body, &caller)).unwrap()
    }

    #[test]
    fn a_request_becomes_a_payload_2_event() {
        let event = event(
            "POST /a%20b?x=1&x=2&y=a+b HTTP/1.1\r\nHost: me\r\nX-A: 1\r\nx-a: 2\r\nCookie: c=1; d=2\r\nContent-Type: application/json",
            b"{}",
        );
        assert_eq!(event["rawPath"], "/a%20b");
        assert_eq!(event["rawQueryString"], "x=1&x=2&y=a+b");
        assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "a b" }));
        assert_eq!(event["cookies"], json!(["c=1", "d=2"]));
        assert_eq!(event["headers"]["x-a"], "1,2");
        assert_eq!(event["headers"]["host"], "abc.lambda-url.eu-west-1.on.aws");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        let context = &event["requestContext"];
        assert_eq!((&context["requestId"], &event["headers"]["x-amzn-trace-id"]), (&json!("r-1"), &json!("Root=1")));
        assert_eq!((&context["apiId"], &context["http"]["path"]), (&json!("abc"), &json!("/a b")));
        assert_eq!(
            (&context["timeEpoch"], &context["time"]),
            (&json!(784_111_777_000_u64), &json!("06/Nov/1994:08:49:37 +0000"))
        );
    }

    #[test]
    fn a_body_that_is_no_text_is_base64_and_an_empty_one_is_absent() {
        let binary = event("POST / HTTP/1.1\r\nContent-Type: image/png", b"\xff\x00");
        assert_eq!((&binary["body"], &binary["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
        let empty = event("GET / HTTP/1.1", b"");
        assert_eq!((empty.get("body"), &empty["isBase64Encoded"]), (None, &json!(false)));
        assert_eq!(empty.get("queryStringParameters"), None);
    }
}
