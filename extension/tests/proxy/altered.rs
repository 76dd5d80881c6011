//! What becomes of an event that a policy edits, answers with JSON, lets hang, or crashes the runtime with: bytes in, bytes
//! out.

use std::time::Duration;

use serde_json::Value;

use super::armed::Armed;
use super::exchange::{Lambda, connect, soon};
use super::injected::{RESPONSE, accepts, asks, event, guest, is_asked, request_id, says, sees};
use super::message::{End, Message, Reader};

/// Edits the event twice, sets a header, and fails to remove what is not there.
const EDITS: &str = r#"
(import "misrule:policy/faults@0.1.0" "edit" (func $edit (param i32 i32 i32 i32 i32 i32)))
(import "misrule:policy/faults@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
(data (i32.const 200) "/rawPath") (data (i32.const 210) "\"/other\"")
(data (i32.const 220) "/absent/x") (data (i32.const 230) "X-Tenant") (data (i32.const 240) "blue")
(data (i32.const 250) "/headers/b") (data (i32.const 264) "[1]")
(func (export "before")
  (call $edit (i32.const 0) (i32.const 200) (i32.const 8) (i32.const 1) (i32.const 210) (i32.const 8))
  (call $edit (i32.const 0) (i32.const 220) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $set-header (i32.const 230) (i32.const 8) (i32.const 1) (i32.const 240) (i32.const 4))
  (call $edit (i32.const 0) (i32.const 250) (i32.const 10) (i32.const 1) (i32.const 264) (i32.const 3)))
(func (export "after"))
"#;

/// Answers with JSON.
const RETURNS: &str = r#"
(import "misrule:policy/faults@0.1.0" "return-json" (func $return-json (param i32 i32)))
(data (i32.const 200) " {\"a\" : 1}")
(func (export "before") (call $return-json (i32.const 200) (i32.const 10)))
(func (export "after"))
"#;

const HANGS: &str = r#"
(import "misrule:policy/faults@0.1.0" "hang" (func $hang))
(func (export "before") (call $hang))
(func (export "after"))
"#;

const HANGS_AFTER: &str = r#"
(import "misrule:policy/faults@0.1.0" "hang" (func $hang))
(func (export "before"))
(func (export "after") (call $hang))
"#;

const CRASHES: &str = r#"
(import "misrule:policy/faults@0.1.0" "crash" (func $crash))
(func (export "before") (call $crash))
(func (export "after"))
"#;

/// A runtime that asked, and a Lambda that gave it this event.
pub(crate) async fn given(lambda: &Lambda, proxy: &Armed, event: &str) -> (Reader, Reader) {
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, event).await;
    (runtime, upstream)
}

fn body_of(event: &str) -> &str {
    event.split_once("\r\n\r\n").unwrap().1
}

/// The headers but for the length.
fn described(event: &Message) -> Vec<&String> {
    event.headers.iter().filter(|header| !header.to_ascii_lowercase().starts_with("content-length")).collect()
}

#[tokio::test]
async fn an_edited_event_differs_in_what_was_edited_and_in_its_length() {
    let lambda = Lambda::new().await;
    let original = event(1, "/orders");
    let untouched = guest(&lambda, HANGS_AFTER).await;
    let (mut runtime, _upstream) = given(&lambda, &untouched, &original).await;
    let as_it_was = sees(&mut runtime, "the event as it was").await;
    let proxy = guest(&lambda, EDITS).await;
    let (mut runtime, _upstream) = given(&lambda, &proxy, &original).await;
    let edited = sees(&mut runtime, "the edited event").await;
    let expected = body_of(&original)
        .replace(r#""rawPath":"/orders""#, r#""rawPath":"/other""#)
        .replace(r#""headers":{}"#, r#""headers":{"X-Tenant":"blue","b":[1]}"#);
    assert_eq!(String::from_utf8(edited.body.clone()).unwrap(), expected);
    assert_eq!(edited.header("Content-Length"), Some(expected.len().to_string().as_str()));
    assert_eq!(described(&edited), described(&as_it_was));
}

#[tokio::test]
async fn an_edited_event_that_came_in_chunks_has_a_length() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, EDITS).await;
    let whole = event(1, "/orders");
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let length = format!("Content-Length: {}", body.len());
    let head = head.replace(&length, "Transfer-Encoding: chunked\r\nTrailer: X-End");
    let (one, two) = body.split_at(body.len() / 2);
    let chunks = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\nX-End: 1\r\n\r\n", one.len(), two.len());
    let (mut runtime, _upstream) = given(&lambda, &proxy, &format!("{head}\r\n\r\n{chunks}")).await;
    let edited = sees(&mut runtime, "the edited event").await;
    assert_eq!((edited.header("Transfer-Encoding"), edited.header("Trailer")), (None, None));
    assert_eq!(edited.header("Content-Length"), Some(edited.body.len().to_string().as_str()));
    assert_eq!(serde_json::from_slice::<Value>(&edited.body).unwrap()["rawPath"], "/other");
}

#[tokio::test]
async fn an_event_is_answered_with_json_as_it_stands() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, RETURNS).await;
    let (mut runtime, mut upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    let post = sees(&mut upstream, "an answer of ours").await;
    assert_eq!((post.start.as_str(), post.body.as_slice()), (RESPONSE, &b" {\"a\" : 1}"[..]));
    assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), Some("i-1"));
    assert_eq!(post.header("Content-Type"), Some("application/json"));
    accepts(&mut upstream).await;
    is_asked(&mut upstream).await;
    drop(upstream);
    assert_eq!(soon("nothing but the end", runtime.message()).await.end, End::Nothing);
}

#[tokio::test]
async fn an_event_that_hangs_is_handed_over_when_its_experiment_is_halted() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, HANGS).await;
    let (mut runtime, _upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    let seen = tokio::time::timeout(Duration::from_millis(300), runtime.message()).await;
    assert!(seen.is_err(), "nothing comes while it is in force: {seen:?}");
    proxy.halt();
    assert_eq!(request_id(&sees(&mut runtime, "the event").await), Some("r-1"));
}

#[tokio::test]
async fn a_runtime_that_goes_while_its_event_hangs_takes_its_upstream_connection_along() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, HANGS).await;
    let (runtime, mut upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    drop(runtime);
    assert!(soon("the upstream connection to close", upstream.closes()).await);
}

#[tokio::test]
async fn an_answer_that_hangs_goes_up_when_its_experiment_is_halted() {
    use tokio::io::AsyncWriteExt as _;

    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, HANGS_AFTER).await;
    let (mut runtime, mut upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    sees(&mut runtime, "the event").await;
    let answer = format!("{RESPONSE}\r\nHost: l\r\nContent-Length: 4\r\n\r\nfine");
    runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    let seen = tokio::time::timeout(Duration::from_millis(300), upstream.message()).await;
    assert!(seen.is_err(), "nothing goes up while it is in force: {seen:?}");
    proxy.halt();
    assert_eq!(sees(&mut upstream, "the answer").await.body, b"fine");
}

#[tokio::test]
async fn a_crash_breaks_off_what_the_runtime_waits_for_and_the_event_delivered_again_passes() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, CRASHES).await;
    let (mut runtime, mut upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    let head = soon("the end", runtime.message()).await;
    assert_eq!((head.start.as_str(), head.end), ("HTTP/1.1 200 OK", End::Truncated));
    assert_eq!((request_id(&head), head.body.as_slice()), (Some("r-1"), &b""[..]));
    assert!(soon("the upstream connection to close", upstream.closes()).await);
    let (mut again, _upstream) = given(&lambda, &proxy, &event(1, "/orders")).await;
    assert_eq!(request_id(&sees(&mut again, "the event, delivered again").await), Some("r-1"));
}
