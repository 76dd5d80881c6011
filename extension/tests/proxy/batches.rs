//! What becomes of a batch whose records a policy reports as failed: bytes in, bytes out.

use std::time::Duration;

use misrule_extension::clock;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::altered::given;
use super::armed::{Armed, armed_within};
use super::exchange::{Lambda, soon};
use super::injected::{ERROR, RESPONSE, accepts, is_asked, sees};
use super::message::{End, Message, Reader};

/// Fails the record `b`, and one that there is not, before the handler.
const FAILS_B: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail-items" (func $fail-items (param i32 i32)))
(data (i32.const 200) "b") (data (i32.const 210) "nobody")
(data (i32.const 224) "\c8\00\00\00\01\00\00\00\d2\00\00\00\06\00\00\00")
(func (export "before") (call $fail-items (i32.const 224) (i32.const 2)))
(func (export "after"))
"#;

/// The same after it.
const FAILS_B_AFTER: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail-items" (func $fail-items (param i32 i32)))
(data (i32.const 200) "b")
(data (i32.const 224) "\c8\00\00\00\01\00\00\00")
(func (export "before"))
(func (export "after") (call $fail-items (i32.const 224) (i32.const 1)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

const B: &str = r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#;

fn batch(ids: &[&str]) -> String {
    let record = |id: &&str| json!({ "messageId": id, "body": "{}", "eventSource": "aws:sqs" });
    json!({ "Records": ids.iter().map(record).collect::<Vec<_>>() }).to_string()
}

/// The batch as Lambda delivers it.
fn event(number: u32, ids: &[&str]) -> String {
    let (body, deadline) = (batch(ids), clock::now().plus(Duration::from_secs(60)).as_milliseconds());
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
        Lambda-Runtime-Aws-Request-Id: r-{number}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
        Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:orders\r\n\r\n{body}",
        body.len()
    )
}

struct Delivered {
    lambda: Lambda,
    runtime: Reader,
    upstream: Reader,
    event: Message,
    proxy: Armed,
}

/// A runtime that got what is left of the records `a` and `b`.
async fn delivered(policy: &str, partial_batches: bool) -> Delivered {
    let lambda = Lambda::new().await;
    let proxy = armed_within(lambda.address(), policy, &json!({ "partial_batches": partial_batches })).await;
    let (mut runtime, upstream) = given(&lambda, &proxy, &event(1, &["a", "b"])).await;
    let event = sees(&mut runtime, "the event").await;
    Delivered { lambda, runtime, upstream, event, proxy }
}

impl Delivered {
    /// Halts the experiment, and sends others the batch until it arrives whole.
    async fn is_halted(&self) {
        self.proxy.halt();
        for number in 2.. {
            let (mut other, _upstream) = given(&self.lambda, &self.proxy, &event(number, &["a", "b"])).await;
            if sees(&mut other, "another batch").await.body == batch(&["a", "b"]).as_bytes() {
                return;
            }
        }
    }

    /// What Lambda gets where the handler says this.
    async fn answers(&mut self, start: &str, more: &str, body: &str) -> Message {
        let message = format!("{start}\r\nHost: l\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
        // Where another answer goes up, what is left of this one is read once Lambda has that.
        let write = soon("the answer's way", self.runtime.stream.write_all(message.as_bytes()));
        let upstream = &mut self.upstream;
        let (written, seen) = tokio::join!(write, async {
            let seen = sees(upstream, "the answer").await;
            accepts(upstream).await;
            seen
        });
        written.unwrap();
        seen
    }
}

#[tokio::test]
async fn the_handler_gets_the_whole_batch_and_the_failures_join_its_report() {
    let a_and_b = r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#;
    for policy in [FAILS_B, FAILS_B_AFTER] {
        for (answer, expected) in [
            ("null", B),
            ("", B),
            ("{}", B),
            (r#"{"batchItemFailures":[]}"#, B),
            (B, B),
            (r#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#, a_and_b),
            ("\"ok\"", "\"ok\""),
        ] {
            let mut delivered = delivered(policy, false).await;
            assert_eq!(String::from_utf8_lossy(&delivered.event.body), batch(&["a", "b"]));
            let seen = delivered.answers(RESPONSE, "", answer).await;
            assert_eq!(
                (seen.start.as_str(), String::from_utf8_lossy(&seen.body)),
                (RESPONSE, expected.into()),
                "{answer}"
            );
            assert_eq!(seen.header("Content-Length"), Some(expected.len().to_string().as_str()));
        }
    }
}

#[tokio::test]
async fn an_error_stays_an_error_so_that_the_whole_batch_comes_again() {
    for policy in [FAILS_B, FAILS_B_AFTER] {
        let mut delivered = delivered(policy, true).await;
        let seen = delivered.answers(ERROR, "", "{}").await;
        assert_eq!((seen.start.as_str(), seen.body.as_slice()), (ERROR, &b"{}"[..]));
    }
}

#[tokio::test]
async fn where_mappings_report_failures_the_handler_does_not_get_the_record() {
    for (answer, expected) in [("null", B), ("\"ok\"", B)] {
        let mut delivered = delivered(FAILS_B, true).await;
        assert_eq!(String::from_utf8_lossy(&delivered.event.body), batch(&["a"]));
        assert_eq!(delivered.event.header("Content-Length"), Some(batch(&["a"]).len().to_string().as_str()));
        assert_eq!(String::from_utf8_lossy(&delivered.answers(RESPONSE, "", answer).await.body), expected);
    }
}

#[tokio::test]
async fn a_record_that_the_handler_did_not_get_is_reported_after_a_halt_too_and_in_a_stream() {
    let mut halted = delivered(FAILS_B, true).await;
    halted.is_halted().await;
    assert_eq!(halted.answers(RESPONSE, "", "null").await.body, B.as_bytes());
    let mut streams = delivered(FAILS_B, true).await;
    let seen = streams.answers(RESPONSE, "Lambda-Runtime-Function-Response-Mode: streaming\r\n", "{}").await;
    assert_eq!(seen.body, B.as_bytes());
}

const STREAMS: &str = "Lambda-Runtime-Function-Response-Mode: streaming\r\n";

fn is_whole_batch(seen: &Message) {
    assert_eq!(seen.start, ERROR);
    assert_eq!(seen.header("Lambda-Runtime-Function-Error-Type"), Some("Function.RecordsNotReported"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["errorType"], "Function.RecordsNotReported");
}

#[tokio::test]
async fn where_a_record_that_the_handler_did_not_get_cannot_be_reported_the_whole_batch_fails() {
    let too_large = "x".repeat(6_291_557);
    let full = format!("{{\"x\":\"{}\"}}", "x".repeat(6_291_556 - 8));
    for answer in [too_large, full] {
        for mode in ["", STREAMS] {
            is_whole_batch(&delivered(FAILS_B, true).await.answers(RESPONSE, mode, &answer).await);
            let seen = delivered(FAILS_B, false).await.answers(RESPONSE, mode, &answer).await;
            assert_eq!(seen.start, RESPONSE);
            assert!(seen.body == answer.as_bytes(), "the handler saw all of it");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_fails_the_whole_batch_where_the_handler_did_not_get_all() {
    for mode in ["", STREAMS] {
        for partial_batches in [true, false] {
            let Delivered { mut runtime, mut upstream, proxy: _proxy, .. } = delivered(FAILS_B, partial_batches).await;
            let broken = format!("{RESPONSE}\r\nHost: l\r\n{mode}Content-Length: 4\r\n\r\nnu");
            runtime.stream.write_all(broken.as_bytes()).await.unwrap();
            drop(runtime);
            if partial_batches {
                is_whole_batch(&sees(&mut upstream, "the error").await);
            } else {
                let seen = soon("the broken answer", upstream.message()).await;
                assert_eq!(
                    (seen.start.as_str(), seen.body.as_slice(), seen.end),
                    (RESPONSE, &b"nu"[..], End::Truncated)
                );
            }
        }
    }
}

/// The first before the handler, the second in the place of whatever it answers.
const FAILS_B_AND_RETURNS: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail-items" (func $fail-items (param i32 i32)))
(import "misrule:policy/faults@0.1.0" "return-json" (func $return-json (param i32 i32)))
(data (i32.const 200) "b") (data (i32.const 210) "{}")
(data (i32.const 224) "\c8\00\00\00\01\00\00\00")
(func (export "before") (call $fail-items (i32.const 224) (i32.const 1)))
(func (export "after") (call $return-json (i32.const 210) (i32.const 2)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

#[tokio::test]
async fn a_result_in_the_handlers_place_reports_the_record_too() {
    for start in [RESPONSE, ERROR] {
        let seen = delivered(FAILS_B_AND_RETURNS, true).await.answers(start, "", "{}").await;
        assert_eq!((seen.start.as_str(), String::from_utf8_lossy(&seen.body)), (RESPONSE, B.into()));
    }
    let at_once = FAILS_B_AND_RETURNS
        .replace("(i32.const 1)))", "(i32.const 1)) (call $return-json (i32.const 210) (i32.const 2)))");
    let lambda = Lambda::new().await;
    let proxy = armed_within(lambda.address(), &at_once, &json!({ "partial_batches": true })).await;
    let (_runtime, mut upstream) = given(&lambda, &proxy, &event(1, &["a", "b"])).await;
    let post = sees(&mut upstream, "an answer of ours").await;
    assert_eq!((post.start.as_str(), String::from_utf8_lossy(&post.body)), (RESPONSE, B.into()));
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_left_is_answered_for_the_handler() {
    let lambda = Lambda::new().await;
    let proxy = armed_within(lambda.address(), FAILS_B, &json!({ "partial_batches": true })).await;
    let (_runtime, mut upstream) = given(&lambda, &proxy, &event(1, &["b"])).await;
    let post = sees(&mut upstream, "an answer of ours").await;
    assert_eq!((post.start.as_str(), post.body.as_slice()), (RESPONSE, B.as_bytes()));
    accepts(&mut upstream).await;
    is_asked(&mut upstream).await;
}

#[tokio::test]
async fn a_batch_without_the_record_passes() {
    let lambda = Lambda::new().await;
    let proxy = armed_within(lambda.address(), FAILS_B, &json!({ "partial_batches": true })).await;
    let (mut runtime, mut upstream) = given(&lambda, &proxy, &event(1, &["a", "c"])).await;
    let event: Value = serde_json::from_slice(&sees(&mut runtime, "the event").await.body).unwrap();
    assert_eq!(event["Records"].as_array().map(Vec::len), Some(2));
    let answer = format!("{RESPONSE}\r\nHost: l\r\nContent-Length: 4\r\n\r\nnull");
    runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    assert_eq!(sees(&mut upstream, "the answer").await.body, b"null");
}
