//! What runtime and Lambda exchange while an experiment is in force.

use std::time::Duration;

use misrule_extension::clock;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::armed::{Armed, armed, armed_within, unarmed};
use super::exchange::{Lambda, connect, soon};
use super::message::{End, Message, Reader};

const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n";
pub(crate) const RESPONSE: &str = "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1";
pub(crate) const ERROR: &str = "POST /2018-06-01/runtime/invocation/r-1/error HTTP/1.1";

/// Throws before the handler.
const THROWS: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail" (func $fail (param i32 i32 i32 i32 i32 i32)))
(func (export "before")
  (call $fail (i32.const 64) (i32.const 15) (i32.const 73) (i32.const 6) (i32.const 0) (i32.const 0)))
(func (export "after"))
"#;

/// Throws after the handler.
const THROWS_AFTER: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail" (func $fail (param i32 i32 i32 i32 i32 i32)))
(func (export "before"))
(func (export "after")
  (call $fail (i32.const 64) (i32.const 15) (i32.const 73) (i32.const 6) (i32.const 0) (i32.const 0)))
"#;

/// Holds the answer back for a millisecond.
const HOLDS_BACK: &str = r#"
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(func (export "before"))
(func (export "after") (call $delay (i32.const 1)))
"#;

fn outage() -> Value {
    let settings = json!({ "paths": ["/health"], "status": 404, "headers": { "Retry-After": "2" }, "body": "gone" });
    json!([{ "use": "path-outage", "settings": settings }])
}

pub(crate) async fn guest(lambda: &Lambda, guest: &str) -> Armed {
    armed(lambda.address(), &json!([{ "module": "guest.wasm" }]), &[("guest.wasm", guest)], false).await
}

/// An event of a function URL for this path, as Lambda delivers it.
pub(crate) fn event(number: u32, path: &str) -> String {
    let deadline = clock::now().plus(Duration::from_secs(60)).as_milliseconds();
    let domain = "abc.lambda-url.us-east-1.on.aws";
    let http = json!({ "http": { "method": "GET", "path": path }, "stage": "$default", "domainName": domain });
    let event = json!({ "version": "2.0", "rawPath": path, "headers": {}, "requestContext": http }).to_string();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
        Lambda-Runtime-Aws-Request-Id: r-{number}\r\nLambda-Runtime-Invocation-Id: i-{number}\r\n\
        Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
        Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:orders\r\n\r\n{event}",
        event.len()
    )
}

pub(crate) async fn asks(runtime: &mut Reader) {
    runtime.stream.write_all(NEXT).await.unwrap();
}

pub(crate) async fn says(lambda: &mut Reader, answer: &str) {
    lambda.stream.write_all(answer.as_bytes()).await.unwrap();
}

pub(crate) async fn accepts(lambda: &mut Reader) {
    says(lambda, "HTTP/1.1 202 Accepted\r\nContent-Type: a/b\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n").await;
}

pub(crate) async fn sees(reader: &mut Reader, what: &str) -> Message {
    let seen = soon(what, reader.message()).await;
    assert_eq!(seen.end, End::Complete, "{what}: {seen:?}");
    seen
}

pub(crate) async fn is_asked(lambda: &mut Reader) {
    let question = sees(lambda, "the question for an event").await;
    assert_eq!(question.start, "GET /2018-06-01/runtime/invocation/next HTTP/1.1");
}

pub(crate) fn request_id(event: &Message) -> Option<&str> {
    event.header("Lambda-Runtime-Aws-Request-Id")
}

#[tokio::test]
async fn an_event_that_misrule_answers_never_reaches_the_runtime_and_the_next_one_does() {
    let lambda = Lambda::new().await;
    let proxy = armed(lambda.address(), &outage(), &[], false).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/health")).await;
    let post = sees(&mut upstream, "an answer of ours").await;
    assert_eq!(post.start, RESPONSE);
    assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), Some("i-1"));
    let answer: Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(answer["statusCode"], 404);
    assert_eq!(answer["headers"]["retry-after"], "2");
    assert_eq!(answer["headers"]["x-misrule"], "trial/path-outage");
    assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("gone"), &json!(false)));
    accepts(&mut upstream).await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(2, "/orders")).await;
    assert_eq!(request_id(&sees(&mut runtime, "the second event").await), Some("r-2"));
    assert!(lambda.is_alone().await, "all of it on one connection");
}

#[tokio::test]
async fn an_event_that_comes_after_loading_began_waits_for_it_however_early_its_runtime_asked() {
    let lambda = Lambda::new().await;
    let (proxy, load) = unarmed(lambda.address(), &outage(), &[], false).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    load();
    says(&mut upstream, &event(1, "/health")).await;
    assert_eq!(sees(&mut upstream, "an answer of ours").await.start, RESPONSE);
}

#[tokio::test]
async fn a_dry_run_hands_every_event_over() {
    let lambda = Lambda::new().await;
    let proxy = armed(lambda.address(), &outage(), &[], true).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/health")).await;
    assert_eq!(request_id(&sees(&mut runtime, "the event").await), Some("r-1"));
}

#[tokio::test]
async fn an_event_whose_answer_got_lost_is_not_decided_again() {
    let lambda = Lambda::new().await;
    let proxy = armed(lambda.address(), &outage(), &[], false).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/health")).await;
    sees(&mut upstream, "an answer of ours").await;
    drop(upstream);
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/health")).await;
    assert_eq!(request_id(&sees(&mut runtime, "the event, delivered again").await), Some("r-1"));
}

#[tokio::test]
async fn an_event_whose_answer_was_not_taken_is_its_handlers_and_no_other_is() {
    for (status, open) in
        [(404, true), (429, true), (400, false), (403, false), (410, false), (413, false), (500, false)]
    {
        let lambda = Lambda::new().await;
        let proxy = armed(lambda.address(), &outage(), &[], false).await;
        let mut runtime = connect(proxy.address).await;
        asks(&mut runtime).await;
        let mut upstream = lambda.accept().await;
        is_asked(&mut upstream).await;
        says(&mut upstream, &event(1, "/health")).await;
        sees(&mut upstream, "an answer of ours").await;
        says(&mut upstream, &format!("HTTP/1.1 {status} No\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{{}}"))
            .await;
        if !open {
            is_asked(&mut upstream).await;
            says(&mut upstream, &event(2, "/orders")).await;
        }
        let given = if open { "r-1" } else { "r-2" };
        assert_eq!(request_id(&sees(&mut runtime, "an event").await), Some(given), "{status}");
        if open {
            runtime
                .stream
                .write_all(format!("{RESPONSE}\r\nHost: l\r\nContent-Length: 4\r\n\r\nfine").as_bytes())
                .await
                .unwrap();
            assert_eq!(sees(&mut upstream, "the handler's answer").await.body, b"fine", "{status}");
        }
    }
}

#[tokio::test]
async fn a_runtime_that_goes_during_a_delay_closes_its_upstream_connection() {
    let lambda = Lambda::new().await;
    let proxy =
        armed(lambda.address(), &json!([{ "use": "latency", "settings": { "delay": "50s" } }]), &[], false).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/orders")).await;
    // A delay holds nobody else up.
    let mut other = connect(proxy.address).await;
    other.stream.write_all(b"GET /misrule HTTP/1.1\r\nHost: l\r\n\r\n").await.unwrap();
    sees(&mut other, "an answer beside the delay").await;
    drop(runtime);
    assert!(soon("the upstream connection to close", upstream.closes()).await);
}

#[tokio::test]
async fn a_thrown_error_is_reported_in_the_handlers_place() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, THROWS).await;
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/orders")).await;
    let post = sees(&mut upstream, "an error of ours").await;
    assert_eq!(post.start, ERROR);
    assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some("Function.Thrown"));
    assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), Some("i-1"));
    assert_eq!(post.body, br#"{"errorMessage":"Thrown","errorType":"Function.Thrown","stackTrace":[]}"#);
}

/// Brings a runtime to where it has its event and may answer.
pub(crate) async fn with_an_event(lambda: &Lambda, proxy: &Armed) -> (Reader, Reader) {
    let mut runtime = connect(proxy.address).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(1, "/orders")).await;
    assert_eq!(request_id(&sees(&mut runtime, "the event").await), Some("r-1"));
    (runtime, upstream)
}

#[tokio::test]
async fn an_answer_becomes_an_error_and_a_second_answer_passes() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, THROWS_AFTER).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    let answer = format!("{RESPONSE}\r\nHost: l\r\nContent-Length: 4\r\n\r\nfine");
    runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    assert_eq!(sees(&mut upstream, "an error of ours").await.start, ERROR);
    accepts(&mut upstream).await;
    assert_eq!(sees(&mut runtime, "what Lambda said").await.start, "HTTP/1.1 202 Accepted");
    runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    let second = sees(&mut upstream, "the second answer").await;
    assert_eq!((second.start.as_str(), second.body.as_slice()), (RESPONSE, &b"fine"[..]));
}

#[tokio::test]
async fn a_streamed_answer_that_was_looked_at_arrives_byte_for_byte_wherever_its_prelude_is_cut() {
    let body = b"{\"statusCode\":200,\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0first and last";
    for at in 1..body.len() {
        let lambda = Lambda::new().await;
        let proxy = guest(&lambda, HOLDS_BACK).await;
        let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
        let head = format!(
            "{RESPONSE}\r\nHost: l\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\
            Lambda-Runtime-Function-Response-Mode: streaming\r\n\
            Content-Type: application/vnd.awslambda.http-integration-response\r\n\r\n"
        );
        let mut message = head.into_bytes();
        for piece in [&body[..at], &body[at..]] {
            message.extend(format!("{:x}\r\n", piece.len()).bytes());
            message.extend([piece, b"\r\n"].concat());
        }
        message.extend(b"0\r\nX-End: 1\r\n\r\n");
        runtime.stream.write_all(&message).await.unwrap();
        let seen = sees(&mut upstream, "the streamed answer").await;
        assert_eq!((seen.start.as_str(), seen.body.as_slice()), (RESPONSE, &body[..]), "cut at {at}");
        assert_eq!(seen.trailers, ["x-end: 1"], "cut at {at}");
    }
}

/// How a handler answers the second event by a stream decides how the third is answered in its place.
#[tokio::test]
async fn where_the_handler_streams_an_answer_of_ours_is_a_stream_too() {
    let lambda = Lambda::new().await;
    let proxy = armed(lambda.address(), &outage(), &[], false).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    let streams = format!(
        "{RESPONSE}\r\nHost: l\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n4\r\nfine\r\n0\r\n\r\n"
    );
    runtime.stream.write_all(streams.as_bytes()).await.unwrap();
    assert_eq!(sees(&mut upstream, "the handler's stream").await.body, b"fine");
    accepts(&mut upstream).await;
    sees(&mut runtime, "what Lambda said").await;
    asks(&mut runtime).await;
    is_asked(&mut upstream).await;
    says(&mut upstream, &event(2, "/health")).await;
    let post = sees(&mut upstream, "an answer of ours").await;
    assert_eq!(post.start, "POST /2018-06-01/runtime/invocation/r-2/response HTTP/1.1");
    assert_eq!(post.header("Lambda-Runtime-Function-Response-Mode"), Some("streaming"));
    assert_eq!(post.header("Content-Type"), Some("application/vnd.awslambda.http-integration-response"));
    assert_eq!((post.header("Transfer-Encoding"), post.header("Content-Length")), (Some("chunked"), None));
    assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), Some("i-2"));
    let prelude = concat!(
        r#"{"statusCode":404,"headers":{"content-type":"text/plain; charset=utf-8","retry-after":"2","#,
        r#""x-misrule":"trial/path-outage"}}"#
    );
    assert_eq!(post.body, [prelude.as_bytes(), &[0; 8], b"gone"].concat());
}

#[tokio::test]
async fn a_policy_that_wants_an_error_of_a_streamed_answer_traps_and_the_stream_goes_its_way() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, THROWS_AFTER).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    let answer = format!(
        "{RESPONSE}\r\nHost: l\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n4\r\nfine\r\n"
    );
    runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    let seen = soon("the answer's head", upstream.message_with(false)).await;
    assert_eq!(seen.start, RESPONSE);
}

/// As AWS's Ruby client does where a fault breaks its event off.
#[tokio::test]
async fn an_error_of_init_counts_for_stop_when_unless_lambda_refuses_it() {
    let init_error = "POST /2018-06-01/runtime/init/error HTTP/1.1";
    let within = json!({ "stop_when": { "handler_errors": 0.5, "over": "1m", "min_invocations": 1 } });
    for (status, stops) in [("202 Accepted", true), ("403 Forbidden", false)] {
        let lambda = Lambda::new().await;
        let proxy = armed_within(lambda.address(), THROWS, &within).await;
        let mut runtime = connect(proxy.address).await;
        asks(&mut runtime).await;
        let mut upstream = lambda.accept().await;
        is_asked(&mut upstream).await;
        says(&mut upstream, &event(1, "/health")).await;
        assert_eq!(sees(&mut upstream, "an error of ours").await.start, ERROR);
        accepts(&mut upstream).await;
        is_asked(&mut upstream).await;

        let mut other = connect(proxy.address).await;
        let request = format!("{init_error}\r\nHost: l\r\nContent-Length: 2\r\n\r\n{{}}");
        other.stream.write_all(request.as_bytes()).await.unwrap();
        let mut refusing = lambda.accept().await;
        assert_eq!(sees(&mut refusing, "the error of init").await.start, init_error);
        says(&mut refusing, &format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}")).await;
        assert_eq!(sees(&mut other, "Lambda's answer").await.start, format!("HTTP/1.1 {status}"));

        says(&mut upstream, &event(2, "/health")).await;
        if stops {
            assert_eq!(request_id(&sees(&mut runtime, "the event").await), Some("r-2"));
        } else {
            assert!(sees(&mut upstream, "an error of ours").await.start.ends_with("/r-2/error HTTP/1.1"), "{status}");
        }
    }
}
