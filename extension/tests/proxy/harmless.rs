//! With nothing to inject, runtime and Lambda exchange the same with and without the layer. One row a case; the numbers
//! are those of the conformance list.

use super::exchange::{Exchange, Then};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\nUser-Agent: r/1\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\nDate: d\r\n\r\n{\"status\":\"OK\"}\n";

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn event(headers: &str, body: &[u8]) -> Vec<u8> {
    let ids = "Lambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n";
    answer("200 OK", &format!("Content-Type: application/json\r\nDate: d\r\n{ids}{headers}"), body)
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: l\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    post("/2018-06-01/runtime/invocation/r-1/response", headers, body)
}

fn streamed(headers: &str, chunks: &str) -> Vec<u8> {
    let path = "/2018-06-01/runtime/invocation/r-1/response";
    format!("POST {path} HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n{headers}\r\n{chunks}").into_bytes()
}

async fn same(rows: Vec<(&str, Vec<u8>, Vec<u8>)>) {
    for (name, request, answer) in rows {
        same_exchange(name, &Exchange { request, runtime: Then::Stays, answer, lambda: Then::Stays, early: false })
            .await;
    }
}

async fn same_exchange(name: &str, exchange: &Exchange) {
    let direct = exchange.direct().await;
    assert_eq!(exchange.proxied().await, direct, "{name}");
    assert_eq!(exchange.chained().await, direct, "{name}, through two");
}

#[tokio::test]
async fn an_event_arrives_as_lambda_sent_it() {
    let invented = "Lambda-Runtime-Future-X: {\"a\":\"b, c\"}\r\nlambda-runtime-FUTURE-y: \u{e9}\u{fc}\r\n\
        Lambda-Runtime-Trace-Id: Root=1-a;Parent=b;Sampled=1\r\nLambda-Runtime-Cognito-Identity: {\"cognitoIdentityId\":\"x\"}\r\n";
    let binary: Vec<u8> = (0..6 * 1024 * 1024_u32).map(|byte| (byte % 251) as u8).collect();
    let without_type = answer("200 OK", "Lambda-Runtime-Aws-Request-Id: r-1\r\n", b"{}");
    let chunked = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n";
    same(vec![
        ("13 headers, known, invented and beyond ASCII", NEXT.into(), event(invented, b"{}")),
        ("14 no content type", NEXT.into(), without_type),
        ("15 a refusal", NEXT.into(), answer("403 Forbidden", "Content-Type: application/json\r\n", b"{\"errorType\":\"x\"}")),
        ("15 an error", NEXT.into(), answer("500 Internal Server Error", "Content-Type: a/b\r\n", b"{}")),
        ("18 six megabytes, not text", NEXT.into(), event("", &binary)),
        ("18 empty", NEXT.into(), event("", b"")),
        ("chunked", NEXT.into(), chunked.to_vec()),
        ("a status with words of its own", NEXT.into(), answer("200 Fine By Me", "", b"{}")),
        ("30 no user agent, two values of one header", b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: l\r\nX-a: 1\r\nx-A: 2\r\nLambda-Runtime-Features: f\r\n\r\n".to_vec(), event("", b"1")),
        ("64 HTTP/1.0", b"GET /2018-06-01/runtime/invocation/next HTTP/1.0\r\n\r\n".to_vec(), b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_vec()),
        ("64 Connection: close", NEXT.replace("User-Agent: r/1", "Connection: close").into(), event("Connection: close\r\n", b"{}")),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_arrives_as_the_runtime_sent_it() {
    let cause = format!("Lambda-Runtime-Function-XRay-Error-Cause: {}\r\n", "x".repeat(1_048_575));
    let many: String = (0..300).map(|number| format!("X-Header-{number}: {number}\r\n")).collect();
    let error = post(
        "/2018-06-01/runtime/invocation/r-1/error",
        &format!("{cause}Lambda-Runtime-Function-Error-Type: E\r\n"),
        b"{}",
    );
    let refusal = |status: &str| answer(status, "Content-Type: application/json\r\n", b"{\"errorMessage\":\"no\"}");
    same(vec![
        ("21 accepted", response("Content-Type: application/json\r\n", b"\"done\""), ACCEPTED.into()),
        ("21 bad request", response("", b"x"), refusal("400 Bad Request")),
        ("21 gone", response("", b"x"), refusal("410 Gone")),
        ("21 too large", response("", b"x"), refusal("413 Request Entity Too Large")),
        ("25 an error with a cause of a megabyte", error, ACCEPTED.into()),
        ("26 three hundred headers", response(&many, b"x"), ACCEPTED.into()),
        ("27 an invocation id", response("Lambda-Runtime-Invocation-Id: i-1\r\n", b"x"), ACCEPTED.into()),
        ("29 the largest answer there may be", response("", &vec![b'a'; 6_291_556]), ACCEPTED.into()),
        (
            "41 an unknown mode",
            response("Lambda-Runtime-Function-Response-Mode: bogus\r\n", b"x"),
            refusal("400 Bad Request"),
        ),
        ("no body", response("", b""), ACCEPTED.into()),
    ])
    .await;
}

#[tokio::test]
async fn a_stream_arrives_with_its_trailers() {
    let prelude = "Content-Type: application/vnd.awslambda.http-integration-response\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n";
    let (kind, body) = ("Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body");
    let long = format!("4\r\nbody\r\n0\r\n{kind}: E\r\n{body}: {}\r\n\r\n", "A".repeat(65_536));
    let short = format!("4\r\nbody\r\n0\r\n{kind}: E\r\n{body}: QQ==\r\n\r\n");
    same(vec![
        ("22 chunked, as Go sends it", streamed("", "1\r\na\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"), ACCEPTED.into()),
        ("22 chunked and empty", streamed("", "0\r\n\r\n"), ACCEPTED.into()),
        (
            "35 two Trailer lines",
            streamed(&format!("{prelude}Trailer: {kind}\r\nTrailer: {body}\r\n"), &short),
            ACCEPTED.into(),
        ),
        ("35 one Trailer line", streamed(&format!("Trailer: {kind}, {body}\r\n"), &short), ACCEPTED.into()),
        (
            "35 lower case",
            streamed(&format!("trailer: {}\r\n", kind.to_lowercase()), &format!("1\r\na\r\n0\r\n{kind}: E\r\n\r\n")),
            ACCEPTED.into(),
        ),
        ("36 a trailer of 64 KB", streamed(&format!("Trailer: {kind}, {body}\r\n"), &long), ACCEPTED.into()),
        (
            "40 a prelude",
            streamed(prelude, "12\r\n{\"statusCode\":200}\r\n8\r\n\0\0\0\0\0\0\0\0\r\n4\r\nbody\r\n0\r\n\r\n"),
            ACCEPTED.into(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn every_other_route_passes() {
    let target = "GET /a%2Fb//c?x=%20&y=a+b&&z HTTP/1.1\r\nHost: l\r\n\r\n";
    let credentials = "GET /2021-04-23/credentials HTTP/1.1\r\nHost: l\r\nAuthorization: secret\r\n\r\n";
    let register = post("/2020-01-01/extension/register", "Lambda-Extension-Name: other\r\n", b"{\"events\":[]}");
    let registered = answer("200 OK", "Lambda-Extension-Identifier: id\r\n", b"{}");
    let not_found = answer("404 Not Found", "Content-Type: text/plain\r\n", b"404 page not found");
    let not_allowed = answer("405 Method Not Allowed", "Allow: GET\r\n", b"");
    same(vec![
        ("43 init/error", post("/2018-06-01/runtime/init/error", "", b"{}"), ACCEPTED.into()),
        (
            "43 restore/next",
            b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: l\r\n\r\n".to_vec(),
            answer("200 OK", "", b""),
        ),
        (
            "44 no restore",
            b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: l\r\n\r\n".to_vec(),
            not_found.clone(),
        ),
        ("45 an unknown target", target.into(), not_found),
        ("45 slashes in front", b"GET //a//b HTTP/1.1\r\nHost: l\r\n\r\n".to_vec(), not_allowed.clone()),
        (
            "45 an unknown method",
            b"BREW /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n".to_vec(),
            not_allowed,
        ),
        (
            "45 HEAD",
            b"HEAD /2018-06-01/ping HTTP/1.1\r\nHost: l\r\n\r\n".to_vec(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n".to_vec(),
        ),
        ("46 another extension registers", register, registered),
        ("47 credentials", credentials.into(), answer("200 OK", "", b"{}")),
        (
            "48 telemetry",
            b"PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
            ACCEPTED.into(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_breaks_off_breaks_off_on_the_other_side() {
    let cut = |request: Vec<u8>| Exchange {
        request,
        runtime: Then::Closes,
        answer: Vec::new(),
        lambda: Then::Closes,
        early: false,
    };
    let silent = |answer: &[u8]| Exchange {
        request: NEXT.into(),
        runtime: Then::Stays,
        answer: answer.to_vec(),
        lambda: Then::Closes,
        early: false,
    };
    for (name, exchange) in [
        ("37 the runtime ends in a chunked body", cut(streamed("", "4\r\nbody\r\n"))),
        ("37 the runtime ends in a measured body", cut(b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nHost: l\r\nContent-Length: 9\r\n\r\nbody".to_vec())),
        ("the runtime goes once it has answered", cut(response("", b"body"))),
        ("16 Lambda closes without an answer", silent(b"")),
        ("Lambda ends in a measured event", silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody")),
        ("Lambda ends in a chunked event", silent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n")),
    ] {
        same_exchange(name, &exchange).await;
    }
}

#[tokio::test]
async fn an_early_refusal_reaches_a_runtime_that_still_writes() {
    let refusal = answer("413 Request Entity Too Large", "Content-Type: application/json\r\n", b"{}");
    let request = response("", &vec![b'a'; 16 * 1024 * 1024]);
    let exchange = Exchange { request, runtime: Then::Stays, answer: refusal, lambda: Then::Stays, early: true };
    same_exchange("38", &exchange).await;
}
