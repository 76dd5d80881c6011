//! With nothing to inject, runtime and Lambda exchange what they would without the layer: each case is played against a
//! local Lambda directly, through the layer with no experiment, and through the layer with one that does not concern it.

pub(crate) mod message;
mod stage;
mod tap;

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use misrule_local::lambda::{End, Event, InvocationId, Outcome, Pending, StreamEnd, Streamed};
use misrule_tests::layered::http_event;
use misrule_tests::programs;
use misrule_tests::publishing::experiment;
use serde_json::json;

use message::Got;
use stage::{Between, Seen, Stage, Wire};

/// A case that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\nUser-Agent: scripted/1\r\n\
    Lambda-Runtime-Features: invented\r\nx-Twice: 1\r\nX-twice: 2\r\n\r\n";

/// Sets the stage and does something there, or fails.
async fn upon<T>(between: &Between, work: impl AsyncFn(Stage) -> Result<T>) -> Result<T> {
    // Building takes longer than any case.
    programs::program("misrule-extension")?;
    let in_time = tokio::time::timeout(PATIENCE, async { work(Stage::set(between).await?).await }).await;
    in_time.unwrap_or_else(|_| panic!("nothing came of it with {between:?} in between"))
}

async fn played(between: &Between, play: &impl AsyncFn(&Stage) -> Result<Vec<Got>>) -> Result<Seen> {
    upon(between, async |stage| {
        let got = play(&stage).await?;
        Ok(stage.seen(got).await)
    })
    .await
}

/// Plays a case in all three ways; what was seen of it.
async fn same(play: impl AsyncFn(&Stage) -> Result<Vec<Got>>) -> Result<Seen> {
    let expected = played(&Between::Nothing, &play).await?;
    for between in [Between::Layer, Between::Armed(outage_of("/elsewhere/**"))] {
        assert_eq!(played(&between, &play).await?, expected, "{between:?}");
    }
    Ok(expected)
}

fn outage_of(path: &str) -> String {
    let latency = json!({ "use": "latency", "settings": { "delay": "1s", "paths": ["/elsewhere"] } });
    experiment("elsewhere", &json!([latency, { "use": "path-outage", "settings": { "paths": [path], "status": 404 } }]))
}

/// An event with every header that Lambda has, and one that it may have one day.
fn event(id: &str, body: impl Into<Bytes>) -> Event {
    let future = ("Lambda-Runtime-future-X".to_owned(), Bytes::from_static(b"{\"a\": \"b, c\"}; \xc3\xa9 \xff"));
    Event {
        body: body.into(),
        request_id: Some(id.to_owned()),
        invocation_id: InvocationId::Given(format!("invocation-{id}")),
        qualifier: Some("live".to_owned()),
        trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned()),
        client_context: Some(r#"{"client":{"app_title":"é"}}"#.to_owned()),
        cognito_identity: Some(r#"{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}"#.to_owned()),
        tenant_id: Some("tenant-7".to_owned()),
        headers: vec![future],
    }
}

/// What every real client can read: ASCII in headers, and a client context with all its members.
fn plain_event(id: &str, path: &str) -> Event {
    let context = r#"{"client":{"installation_id":"i","app_title":"t","app_version_name":"n","app_version_code":"c",
        "app_package_name":"p"},"custom":{},"env":{}}"#;
    let context = context.split_whitespace().collect();
    Event { headers: Vec::new(), client_context: Some(context), ..event(id, http_event("GET", path)) }
}

/// Sends events to a real client one after the other, and waits until it has asked for more.
async fn invoked(stage: &Stage, paths: &[&str]) -> Vec<Got> {
    let mut got = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let mut pending = stage.api.push(plain_event(&format!("request-{number}"), path));
        got.push(Got::of(pending.outcome().await).await);
        pending.finished().await;
    }
    got
}

async fn python(stage: &Stage, handler: &str) -> Result<tokio::process::Child> {
    let folder = programs::checkout().join("tests/functions");
    let folder = folder.to_string_lossy();
    let variables = [
        ("LAMBDA_TASK_ROOT", folder.as_ref()),
        ("PYTHONPATH", folder.as_ref()),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("_HANDLER", handler),
    ];
    stage.start(&programs::python("python")?, &["-m", "awslambdaric", handler], &variables)
}

#[tokio::test]
async fn answers_and_errors_of_awss_python_client() -> Result<()> {
    let seen = same(async |stage| {
        let _python = python(stage, "app.handler").await?;
        Ok(invoked(stage, &["/orders/7", "/raise", "/orders/\u{fc}\u{1f0cf}"]).await)
    })
    .await?;
    let ends: Vec<_> = seen.requests.iter().filter_map(|request| request.target.rsplit('/').next()).collect();
    assert_eq!(ends, ["next", "response", "next", "error", "next", "response", "next"]);
    assert!(matches!(&seen.got[1], Got::Error { body, .. } if body.starts_with(b"{\"errorMessage\"")), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn answers_of_awss_rust_client() -> Result<()> {
    let function = programs::program("misrule-local-function")?;
    let seen = same(async |stage| {
        let _function = stage.start(&function, &[], &[])?;
        Ok(invoked(stage, &["/orders/7", "/nowhere"]).await)
    })
    .await?;
    assert_eq!(seen.requests.iter().filter(|request| request.target.ends_with("/response")).count(), 2);
    Ok(())
}

#[tokio::test]
async fn an_init_error_of_awss_python_client() -> Result<()> {
    let seen = same(async |stage| {
        let mut python = python(stage, "absent.handler").await?;
        python.wait().await?;
        Ok(Vec::new())
    })
    .await?;
    assert_eq!(seen.requests.len(), 1, "{seen:?}");
    assert_eq!(seen.requests[0].target, "/2018-06-01/runtime/init/error");
    assert!(seen.requests[0].body.starts_with(b"{\"errorMessage\""), "{seen:?}");
    Ok(())
}

/// The path of an answer to this request.
fn target(id: &str, what: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{id}/{what}")
}

fn post(target: &str, headers: &str, body: &str) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: lambda\r\n{headers}content-LENGTH: {}\r\n\r\n{body}", body.len())
}

/// Asks for an event on a fresh connection, and is given one.
async fn asked(stage: &Stage, id: &str) -> (Wire, Pending) {
    let mut wire = stage.connect().await;
    wire.send(NEXT).await;
    let pending = stage.api.push(event(id, http_event("POST", "/orders")));
    let answer = wire.answer().await;
    assert_eq!(answer.start, "HTTP/1.1 200 OK");
    (wire, pending)
}

/// Asks for the next event, for which there is none: the invocation is over.
async fn over(mut wire: Wire, pending: Pending) -> Wire {
    wire.send(NEXT).await;
    pending.finished().await;
    wire
}

#[tokio::test]
async fn a_buffered_answer_byte_for_byte() -> Result<()> {
    let seen = same(async |stage| {
        let (mut wire, mut pending) = asked(stage, "r-1").await;
        let target = format!("{}?unknown=%2F&&x", target("r-1", "response"));
        let headers = "content-type: application/json\r\nLambda-Runtime-Invocation-Id: invocation-r-1\r\n\
            X-Unknown: 1\r\nx-unknown: 2\r\nx-BYTES: \u{e9}\r\n";
        wire.send(post(&target, headers, "{\"one\": \"\u{fc}\"}")).await;
        let got = Got::of(pending.outcome().await).await;
        assert_eq!(wire.answer().await.start, "HTTP/1.1 202 Accepted");
        let _open = over(wire, pending).await;
        Ok(vec![got])
    })
    .await?;
    assert_eq!(seen.got, [Got::Answer("{\"one\": \"\u{fc}\"}".into())]);
    assert_eq!(seen.requests[1].target, "/2018-06-01/runtime/invocation/r-1/response?unknown=%2F&&x");
    assert!(seen.requests[1].headers.contains(&"content-LENGTH: 13".to_owned()), "{seen:?}");
    assert!(seen.answers[0][0].headers.iter().any(|line| line.starts_with("Lambda-Runtime-future-X: ")), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn an_error_with_its_cause() -> Result<()> {
    let seen = same(async |stage| {
        let (mut wire, mut pending) = asked(stage, "r-1").await;
        let cause =
            json!({ "working_directory": "/", "exceptions": [{ "message": "x".repeat(100_000) }], "paths": [] });
        let headers = format!(
            "Lambda-Runtime-Function-Error-Type: Function.Broken\r\n\
             Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\nLambda-Runtime-Invocation-Id: invocation-r-1\r\n"
        );
        let body = r#"{"errorType":"Broken","errorMessage":"no","stackTrace":[]}"#;
        wire.send(post(&target("r-1", "error"), &headers, body)).await;
        let got = Got::of(pending.outcome().await).await;
        wire.answer().await;
        let _open = over(wire, pending).await;
        Ok(vec![got])
    })
    .await?;
    assert!(matches!(&seen.got[0], Got::Error { error_type, .. } if error_type == "Function.Broken"), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn an_init_error_from_raw_bytes() -> Result<()> {
    let seen = same(async |stage| {
        let mut wire = stage.connect().await;
        let headers = "Lambda-Runtime-Function-Error-Type: Runtime.NoSuchModule\r\n";
        wire.send(post("/2018-06-01/runtime/init/error", headers, r#"{"errorType":"a","errorMessage":"b"}"#)).await;
        wire.answer().await;
        Ok(Vec::new())
    })
    .await?;
    assert_eq!(seen.requests[0].status, Some(202));
    Ok(())
}

const PRELUDE: &str = r#"{"statusCode":201,"headers":{"x-a":"b"},"cookies":["c=1"]}"#;

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// The head of a streamed answer as AWS's Node client writes it, on a connection of its own.
async fn stream_begun(stage: &Stage, id: &str) -> Wire {
    let mut wire = stage.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n\
         Content-Type: application/vnd.awslambda.http-integration-response\r\nHost: lambda\r\n\
         Lambda-Runtime-Invocation-Id: invocation-{id}\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
        target(id, "response")
    );
    wire.send(head).await;
    wire.send([chunk(PRELUDE.as_bytes()), chunk(&[0; 8])].concat()).await;
    wire
}

/// The caller reads until it has this much: it must come before the runtime writes on.
async fn read_to(streamed: &mut Streamed, length: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < length {
        read.extend(streamed.next().await.expect("the stream goes on"));
    }
    read
}

async fn streamed(pending: &mut Pending) -> Streamed {
    match pending.outcome().await {
        Outcome::Streamed(streamed) => streamed,
        other => panic!("no stream: {other:?}"),
    }
}

/// A stream up to its second piece, of which the caller has read all.
async fn half_a_stream(stage: &Stage) -> (Wire, Wire, Pending, Streamed, Vec<u8>) {
    let (asking, mut pending) = asked(stage, "r-1").await;
    let mut answering = stream_begun(stage, "r-1").await;
    let mut streamed = streamed(&mut pending).await;
    let mut read = read_to(&mut streamed, PRELUDE.len() + 8).await;
    answering.send(chunk(b"first\0\xff")).await;
    read.extend(read_to(&mut streamed, 7).await);
    (asking, answering, pending, streamed, read)
}

async fn all_of(mut read: Vec<u8>, mut streamed: Streamed) -> Got {
    let (rest, end) = streamed.collect().await;
    read.extend(rest);
    Got::Stream { content_type: streamed.content_type, body: read.into(), end }
}

#[tokio::test]
async fn a_streamed_answer_as_it_comes() -> Result<()> {
    let seen = same(async |stage| {
        let (asking, mut answering, pending, streamed, read) = half_a_stream(stage).await;
        answering.send([chunk(&[b'x'; 100_000]).as_slice(), b"0\r\n\r\n"].concat()).await;
        let got = all_of(read, streamed).await;
        answering.answer().await;
        let _open = over(asking, pending).await;
        Ok(vec![got])
    })
    .await?;
    assert!(matches!(&seen.got[0], Got::Stream { end: StreamEnd::Complete, .. }), "{:?}", seen.requests);
    assert_eq!(seen.requests[1].headers.iter().filter(|line| line.starts_with("Trailer: ")).count(), 2);
    assert_eq!(seen.requests[1].body.len(), PRELUDE.len() + 8 + 7 + 100_000);
    Ok(())
}

#[tokio::test]
async fn an_error_in_the_trailers_of_a_stream() -> Result<()> {
    let seen = same(async |stage| {
        let (asking, mut answering, pending, streamed, read) = half_a_stream(stage).await;
        // {"errorType":"Broken"} and then 30 KB of a message: more than a server's usual limit for trailers.
        let body = "eyJlcnJvclR5cGUiOiJCcm9rZW4ifQ".to_owned() + &"A".repeat(30_002) + "AA==";
        let kind = "Lambda-Runtime-Function-Error-Type: Function.Broken\r\n";
        answering.send(format!("0\r\n{kind}Lambda-Runtime-Function-Error-Body: {body}\r\n\r\n")).await;
        let got = all_of(read, streamed).await;
        answering.answer().await;
        let _open = over(asking, pending).await;
        Ok(vec![got])
    })
    .await?;
    let is_broken = |end: &StreamEnd| matches!(end, StreamEnd::Error(error) if error.error_type == "Function.Broken");
    assert!(matches!(&seen.got[0], Got::Stream { end, .. } if is_broken(end)), "{:?}", seen.got);
    assert_eq!(seen.requests[1].trailers.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_breaks_off() -> Result<()> {
    let seen = same(async |stage| {
        let (_asking, answering, _pending, streamed, read) = half_a_stream(stage).await;
        drop(answering);
        Ok(vec![all_of(read, streamed).await])
    })
    .await?;
    assert!(matches!(&seen.got[0], Got::Stream { end: StreamEnd::Truncated, .. }), "{:?}", seen.got);
    assert_eq!(seen.requests[1].end, End::Truncated);
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_comes_before_the_body_has_ended() -> Result<()> {
    let seen = same(async |stage| {
        let mut wire = stream_begun(stage, "unknown").await;
        assert_eq!(wire.answer().await.start, "HTTP/1.1 400 Bad Request");
        Ok(Vec::new())
    })
    .await?;
    assert_eq!((seen.requests[0].status, seen.requests[0].end), (Some(400), End::Truncated));
    Ok(())
}

#[tokio::test]
async fn a_fault_would_be_seen() -> Result<()> {
    let play = async |stage: Stage| {
        let _python = python(&stage, "app.handler").await?;
        let got = invoked(&stage, &["/orders/7"]).await;
        Ok((stage.requests().await, got))
    };
    let direct = upon(&Between::Nothing, play).await?;
    let unconcerned = upon(&Between::Armed(outage_of("/elsewhere/**")), play).await?;
    let faulty = upon(&Between::Armed(outage_of("/orders/{id}")), play).await?;
    assert_eq!(unconcerned, direct);
    assert_ne!(faulty.0, direct.0);
    assert_ne!(faulty.1, direct.1);
    Ok(())
}
