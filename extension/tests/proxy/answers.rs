//! What becomes of a buffered answer that a policy reads and changes: bytes in, bytes out.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::altered::given;
use super::armed::{Armed, armed};
use super::exchange::Lambda;
use super::injected::{ERROR, RESPONSE, accepts, event, guest, sees};
use super::message::{Message, Reader};

/// Sets the status, a header and a member of the body, and keeps 9 bytes of that.
const CHANGES: &str = r#"
(import "misrule:policy/faults@0.1.0" "set-status" (func $set-status (param i32)))
(import "misrule:policy/faults@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
(import "misrule:policy/faults@0.1.0" "edit" (func $edit (param i32 i32 i32 i32 i32 i32)))
(import "misrule:policy/faults@0.1.0" "truncate" (func $truncate (param i32)))
(data (i32.const 200) "/id") (data (i32.const 210) "77") (data (i32.const 230) "X-Tenant") (data (i32.const 240) "blue")
(func (export "before"))
(func (export "after")
  (call $set-status (i32.const 502))
  (call $set-header (i32.const 230) (i32.const 8) (i32.const 1) (i32.const 240) (i32.const 4))
  (call $edit (i32.const 1) (i32.const 200) (i32.const 3) (i32.const 1) (i32.const 210) (i32.const 2))
  (call $truncate (i32.const 9)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

/// Answers with 503 in the answer's place.
const REPLACES: &str = r#"
(import "misrule:policy/faults@0.1.0" "respond-http" (func $respond-http (param i32 i32 i32 i32 i32)))
(func (export "before"))
(func (export "after")
  (call $respond-http (i32.const 503) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

/// Declares `answer-body`, and changes nothing.
const READS: &str = r#"
(import "misrule:policy/response@0.1.0" "status" (func $status (param i32)))
(func (export "before"))
(func (export "after") (call $status (i32.const 200)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

async fn with_an_event(lambda: &Lambda, proxy: &Armed) -> (Reader, Reader) {
    let (mut runtime, upstream) = given(lambda, proxy, &event(1, "/orders")).await;
    sees(&mut runtime, "the event").await;
    (runtime, upstream)
}

/// What Lambda gets of this message of the runtime.
async fn passes(policy: &str, message: &[u8]) -> Message {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, policy).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    runtime.stream.write_all(message).await.unwrap();
    let seen = sees(&mut upstream, "the answer").await;
    accepts(&mut upstream).await;
    assert_eq!(sees(&mut runtime, "what Lambda said").await.start, "HTTP/1.1 202 Accepted");
    seen
}

fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{RESPONSE}\r\nHost: l\r\nContent-Type: a/b\r\nX-Own: 1\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

const HANDLERS: &str = r#"{ "statusCode": 200, "headers": {"x-tenant": "red"}, "body": "{\"id\": 1, \"b\": 2}" }"#;

#[tokio::test]
async fn an_answer_is_changed_where_it_is_to_be_and_its_length_is_right() {
    let seen = passes(CHANGES, &answer(HANDLERS)).await;
    let expected = concat!(
        r#"{ "statusCode": 502, "headers": {"x-tenant": "blue","x-misrule":"trial/guest"}, "#,
        r#""body": "{\"id\": 77" }"#
    );
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
    assert_eq!(seen.header("Content-Length"), Some(expected.len().to_string().as_str()));
    assert_eq!((seen.header("X-Own"), seen.header("Content-Type")), (Some("1"), Some("a/b")));
}

#[tokio::test]
async fn an_answer_in_chunks_stays_in_chunks_and_keeps_its_trailers() {
    let (one, two) = HANDLERS.split_at(20);
    let message = format!(
        "{RESPONSE}\r\nHost: l\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\nX-End: 1\r\n\r\n",
        one.len(),
        two.len()
    );
    let seen = passes(CHANGES, message.as_bytes()).await;
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap()["statusCode"], 502);
    assert_eq!((seen.header("Content-Length"), &seen.trailers[..]), (None, &["x-end: 1".to_owned()][..]));
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body_of_a_200() {
    let seen = passes(CHANGES, &answer(r#"{"id": 1}"#)).await;
    let expected = json!({
        "statusCode": 502,
        "headers": { "content-type": "application/json", "X-Tenant": "blue", "x-misrule": "trial/guest" },
        "body": "{\"id\": 77",
        "isBase64Encoded": false
    });
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), expected);
}

#[tokio::test]
async fn an_answer_that_was_only_read_arrives_byte_for_byte() {
    for body in [HANDLERS, "", "no json", "null"] {
        let seen = passes(READS, &answer(body)).await;
        assert_eq!((seen.start.as_str(), String::from_utf8_lossy(&seen.body)), (RESPONSE, body.into()));
        assert_eq!(seen.header("Content-Length"), Some(body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_changed_arrives_byte_for_byte() {
    let too_large = "x".repeat(6_291_557);
    for body in ["no json", &too_large] {
        let seen = passes(CHANGES, &answer(body)).await;
        assert!(seen.body == body.as_bytes(), "{seen:?}");
    }
}

#[tokio::test]
async fn an_error_is_not_changed_but_may_be_replaced() {
    let body = r#"{"errorType":"E"}"#;
    let message = format!("{ERROR}\r\nHost: l\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let seen = passes(CHANGES, message.as_bytes()).await;
    assert_eq!((seen.start.as_str(), seen.body.as_slice()), (ERROR, body.as_bytes()));
    let seen = passes(REPLACES, message.as_bytes()).await;
    assert_eq!(seen.start, RESPONSE);
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap()["statusCode"], 503);
}

#[tokio::test]
async fn an_answer_that_ends_in_an_error_is_one() {
    let message = format!(
        "{RESPONSE}\r\nHost: l\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type\r\n\r\n2\r\n{{}}\r\n0\r\nLambda-Runtime-Function-Error-Type: E\r\n\r\n"
    );
    let seen = passes(CHANGES, message.as_bytes()).await;
    assert_eq!((seen.body.as_slice(), seen.trailers.len()), (&b"{}"[..], 1));
}

#[tokio::test]
async fn an_answer_is_replaced_by_one_of_ours() {
    let seen = passes(REPLACES, &answer(HANDLERS)).await;
    let expected =
        json!({ "statusCode": 503, "headers": { "x-misrule": "trial/guest" }, "body": "", "isBase64Encoded": false });
    assert_eq!((seen.start.as_str(), serde_json::from_slice::<Value>(&seen.body).unwrap()), (RESPONSE, expected));
    assert_eq!(seen.header("Lambda-Runtime-Invocation-Id"), Some("i-1"), "also where the runtime echoes none");
}

#[tokio::test]
async fn a_dry_run_changes_no_answer() {
    let lambda = Lambda::new().await;
    let policies = json!([{ "module": "guest.wasm" }]);
    let proxy = armed(lambda.address(), &policies, &[("guest.wasm", CHANGES)], true).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    runtime.stream.write_all(&answer(HANDLERS)).await.unwrap();
    assert_eq!(sees(&mut upstream, "the answer").await.body, HANDLERS.as_bytes());
}
