//! What becomes of a streamed answer that a policy slows down, stops, cuts or breaks off: bytes in, bytes out.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::altered::given;
use super::armed::{Armed, armed, armed_within};
use super::exchange::{Lambda, soon};
use super::injected::{RESPONSE, accepts, event, guest, sees};
use super::message::{End, Reader};

const PRELUDE: &[u8] = b"{\"statusCode\":200,\"headers\":{}}\0\0\0\0\0\0\0\0";
const PAYLOAD: &[u8] = b"first and last";

fn after(imports: &str, calls: &str) -> String {
    let import = |line: &str| format!("(import \"misrule:policy/faults@0.1.0\" {line})\n");
    let imports: String = imports.lines().map(import).collect();
    format!("{imports}(func (export \"before\"))\n(func (export \"after\") {calls})\n")
}

fn cuts(after_bytes: u64) -> String {
    after("\"cut\" (func $cut (param i64))", &format!("(call $cut (i64.const {after_bytes}))"))
}

fn pauses(after_bytes: u64) -> String {
    after(
        "\"pause\" (func $pause (param i64 i32))",
        &format!("(call $pause (i64.const {after_bytes}) (i32.const 50000))"),
    )
}

fn throttles(bytes_per_second: u32) -> String {
    after("\"throttle\" (func $throttle (param i32))", &format!("(call $throttle (i32.const {bytes_per_second}))"))
}

/// The error `Function.Thrown` with its first six letters for a message.
fn breaks_off(after_bytes: u64) -> String {
    let call = format!(
        "(call $break-off (i64.const {after_bytes}) (i32.const 64) (i32.const 15) (i32.const 73) (i32.const 6))"
    );
    after("\"break-off\" (func $break-off (param i64 i32 i32 i32 i32))", &call)
}

/// A runtime that has its event, and Lambda's end.
async fn with_an_event(lambda: &Lambda, proxy: &Armed) -> (Reader, Reader) {
    let (mut runtime, upstream) = given(lambda, proxy, &event(1, "/orders")).await;
    sees(&mut runtime, "the event").await;
    (runtime, upstream)
}

fn head(more: &str) -> Vec<u8> {
    format!(
        "{RESPONSE}\r\nHost: l\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nLambda-Runtime-Invocation-Id: i-1\r\n\
        Content-Type: application/vnd.awslambda.http-integration-response\r\n{more}\r\n"
    )
    .into_bytes()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// A streamed answer with a prelude, in two chunks that are cut within the prelude's end.
fn stream() -> Vec<u8> {
    let whole = [PRELUDE, PAYLOAD].concat();
    let (one, two) = whole.split_at(PRELUDE.len() - 3);
    [head("Transfer-Encoding: chunked\r\n"), chunk(one), chunk(two), b"0\r\n\r\n".to_vec()].concat()
}

async fn writes(runtime: &mut Reader, bytes: &[u8]) {
    runtime.stream.write_all(bytes).await.unwrap();
}

#[tokio::test]
async fn a_cut_stream_has_its_first_bytes_and_no_end() {
    for bytes in [0, 1, 5, PAYLOAD.len()] {
        let lambda = Lambda::new().await;
        let proxy = guest(&lambda, &cuts(bytes as u64)).await;
        let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
        writes(&mut runtime, &stream()).await;
        let seen = soon("a stream that was cut", upstream.message()).await;
        assert_eq!((seen.end, seen.body), (End::Truncated, [PRELUDE, &PAYLOAD[..bytes]].concat()), "after {bytes}");
        let answer = soon("the runtime's end", runtime.message()).await;
        assert_eq!(answer.end, End::Nothing, "Lambda answered nothing, so neither do we");
    }
}

#[tokio::test]
async fn a_stream_that_is_over_before_its_fault_passes_whole() {
    let beyond = PAYLOAD.len() as u64 + 1;
    for policy in [cuts(beyond), pauses(beyond), breaks_off(beyond)] {
        let lambda = Lambda::new().await;
        let proxy = guest(&lambda, &policy).await;
        let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
        writes(&mut runtime, &stream()).await;
        let seen = sees(&mut upstream, "the stream").await;
        assert_eq!((seen.body, seen.trailers.len()), ([PRELUDE, PAYLOAD].concat(), 0));
    }
}

#[tokio::test]
async fn a_stream_that_is_broken_off_ends_with_an_error_and_the_runtime_hears_what_lambda_says() {
    let announced = "Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n";
    for more in ["", announced] {
        let lambda = Lambda::new().await;
        let proxy = guest(&lambda, &breaks_off(5)).await;
        let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
        let whole = [PRELUDE, PAYLOAD].concat();
        let more = format!("Transfer-Encoding: chunked\r\n{more}");
        writes(&mut runtime, &[head(&more), chunk(&whole), b"0\r\n\r\n".to_vec()].concat()).await;
        let seen = sees(&mut upstream, "a stream that was broken off").await;
        assert_eq!(seen.body, [PRELUDE, &PAYLOAD[..5]].concat());
        let body = "eyJlcnJvclR5cGUiOiJGdW5jdGlvbi5UaHJvd24iLCJlcnJvck1lc3NhZ2UiOiJUaHJvd24iLCJ0cmFjZSI6W119";
        let expected = [
            format!("lambda-runtime-function-error-body: {body}"),
            "lambda-runtime-function-error-type: Function.Thrown".to_owned(),
        ];
        assert_eq!(seen.trailers, expected);
        let trailers = seen.headers.iter().filter(|line| line.to_ascii_lowercase().starts_with("trailer:")).count();
        assert_eq!((trailers, seen.header("Lambda-Runtime-Invocation-Id")), (2, Some("i-1")));
        accepts(&mut upstream).await;
        assert_eq!(sees(&mut runtime, "what Lambda said").await.start, "HTTP/1.1 202 Accepted");
    }
}

#[tokio::test]
async fn a_stream_with_a_length_is_broken_off_in_chunks() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, &breaks_off(0)).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    let whole = [PRELUDE, PAYLOAD].concat();
    writes(&mut runtime, &[head(&format!("Content-Length: {}\r\n", whole.len())), whole].concat()).await;
    let seen = sees(&mut upstream, "a stream that was broken off").await;
    assert_eq!((seen.body.as_slice(), seen.header("Content-Length")), (PRELUDE, None));
    assert_eq!(seen.trailers.len(), 2);
}

#[tokio::test]
async fn the_payload_of_a_stream_without_a_prelude_begins_at_once() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, &cuts(3)).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    let plain = format!(
        "{RESPONSE}\r\nHost: l\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    writes(&mut runtime, &[plain.into_bytes(), chunk(PAYLOAD)].concat()).await;
    assert_eq!(soon("a stream that was cut", upstream.message()).await.body, &PAYLOAD[..3]);
}

/// Reads what comes of a message's head and body until it ends like this.
async fn until(upstream: &mut Reader, end: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;

    let mut read = Vec::new();
    while !read.ends_with(end) {
        let count = soon("more of it", upstream.stream.read_buf(&mut read)).await.unwrap();
        assert!(count > 0, "it ended after {}", read.escape_ascii());
    }
    read
}

#[tokio::test]
async fn a_pause_holds_the_rest_back_until_its_experiment_is_halted() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, &pauses(5)).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    writes(&mut runtime, &stream()).await;
    until(&mut upstream, b"5\r\nfirst\r\n").await;
    let more = tokio::time::timeout(Duration::from_millis(300), upstream.stream.readable()).await;
    assert!(more.is_err(), "the rest does not come");
    proxy.halt();
    assert_eq!(until(&mut upstream, b"0\r\n\r\n").await, b"9\r\n and last\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_throttled_handler_is_held_back_and_let_go_when_its_experiment_is_halted() {
    const LARGE: usize = 64 * 1024 * 1024;
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, &throttles(1)).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    writes(&mut runtime, &[head("Transfer-Encoding: chunked\r\n"), chunk(PRELUDE)].concat()).await;
    let large = [chunk(&vec![b'x'; LARGE]), b"0\r\n\r\n".to_vec()].concat();
    let mut written = 0;
    let stuck = tokio::time::timeout(Duration::from_millis(500), async {
        while written < large.len() {
            written += runtime.stream.write(&large[written..]).await.unwrap();
        }
    });
    assert!(stuck.await.is_err(), "nobody reads 64 MB ahead of a byte a second");
    proxy.halt();
    let (seen, ()) = tokio::join!(sees(&mut upstream, "the whole stream"), async {
        writes(&mut runtime, &large[written..]).await;
    });
    assert_eq!(seen.body.len(), PRELUDE.len() + LARGE);
}

#[tokio::test]
async fn nothing_holds_a_stream_back_for_longer_than_max_delay() {
    for policy in [throttles(0), throttles(1), pauses(1)] {
        let lambda = Lambda::new().await;
        let proxy = armed_within(lambda.address(), &policy, &json!({ "max_delay": "10ms" })).await;
        let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
        writes(&mut runtime, &stream()).await;
        assert_eq!(sees(&mut upstream, "the stream").await.body, [PRELUDE, PAYLOAD].concat());
    }
}

#[tokio::test]
async fn a_handler_that_breaks_off_while_it_is_throttled_is_seen_to() {
    let lambda = Lambda::new().await;
    let proxy = guest(&lambda, &throttles(1_000_000)).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    writes(&mut runtime, &[head("Transfer-Encoding: chunked\r\n"), chunk(PRELUDE), chunk(b"fir")].concat()).await;
    drop(runtime);
    let seen = soon("a broken stream", upstream.message()).await;
    assert_eq!((seen.end, seen.body), (End::Truncated, [PRELUDE, b"fir"].concat()));
}

#[tokio::test]
async fn a_dry_run_lets_a_stream_pass() {
    let lambda = Lambda::new().await;
    let policies = json!([{ "module": "guest.wasm" }]);
    let proxy = armed(lambda.address(), &policies, &[("guest.wasm", &cuts(1))], true).await;
    let (mut runtime, mut upstream) = with_an_event(&lambda, &proxy).await;
    writes(&mut runtime, &stream()).await;
    assert_eq!(sees(&mut upstream, "the stream").await.body, [PRELUDE, PAYLOAD].concat());
}
