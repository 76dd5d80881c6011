//! Streamed answers, with the wire form of AWS's own Node.js client.

use bytes::Bytes;
use misrule_local::lambda::{Outcome, Pending, RuntimeApi, StreamEnd, Streamed};

use crate::raw::Client;

async fn begin(api: &RuntimeApi, head: &str) -> (Client, Pending) {
    let pending = api.push("{}");
    let mut client = Client::connect(api.address()).await;
    client.get("/2018-06-01/runtime/invocation/next").await;
    let id = pending.request_id();
    client.send(format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\n{head}\r\n")).await;
    (client, pending)
}

const HEAD: &str = "Lambda-Runtime-Function-Response-Mode: streaming\r\n\
    Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n\
    Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";

async fn streamed(pending: &mut Pending) -> Streamed {
    match pending.outcome().await {
        Outcome::Streamed(streamed) => streamed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_chunk_is_delivered_before_the_next_is_sent() {
    let api = RuntimeApi::serve().await.unwrap();
    let (mut client, mut pending) = begin(&api, HEAD).await;
    let mut answer = streamed(&mut pending).await;
    assert_eq!(answer.content_type.as_deref(), Some("text/plain"));
    for chunk in ["one", "two"] {
        client.send(format!("3\r\n{chunk}\r\n")).await;
        assert_eq!(answer.next().await, Some(Bytes::from(chunk)));
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.response().await.status, 202);
    assert_eq!((answer.next().await, answer.end().await), (None, StreamEnd::Complete));
}

#[tokio::test]
async fn an_error_in_trailers_is_an_error_after_what_was_sent() {
    let api = RuntimeApi::serve().await.unwrap();
    let (mut client, mut pending) = begin(&api, HEAD).await;
    let trailers = "lambda-runtime-function-error-type: Function.Late\r\nLambda-Runtime-Function-Error-Body: e30=\r\n";
    client.send(format!("2\r\nhi\r\n0\r\n{trailers}\r\n")).await;
    assert_eq!(client.response().await.status, 202);
    let (body, end) = streamed(&mut pending).await.collect().await;
    assert_eq!(body, "hi");
    let StreamEnd::Error(error) = end else { panic!("{end:?}") };
    assert_eq!((error.error_type.as_str(), error.body.as_ref()), ("Function.Late", b"{}".as_slice()));
}

#[tokio::test]
async fn a_stream_without_its_last_chunk_is_truncated() {
    let api = RuntimeApi::serve().await.unwrap();
    let (mut client, mut pending) = begin(&api, HEAD).await;
    client.send("2\r\nhi\r\n").await;
    drop(client);
    let (body, end) = streamed(&mut pending).await.collect().await;
    assert_eq!((body, end), (Bytes::from("hi"), StreamEnd::Truncated));
}

#[tokio::test]
async fn a_stream_that_outlives_the_timeout_ends_with_it() {
    let api = RuntimeApi::builder().timeout(std::time::Duration::from_secs(2)).serve().await.unwrap();
    let (mut client, mut pending) = begin(&api, HEAD).await;
    client.send("2\r\nhi\r\n").await;
    let (body, end) = streamed(&mut pending).await.collect().await;
    assert_eq!(body, "hi");
    assert!(matches!(end, StreamEnd::Error(error) if error.error_type == "Sandbox.Timedout"));
    assert_eq!(client.response().await.status, 410);
}

#[tokio::test]
async fn nothing_is_read_that_the_caller_has_no_room_for() {
    let api = RuntimeApi::builder().timeout(std::time::Duration::from_secs(60)).serve().await.unwrap();
    let (mut client, mut pending) = begin(&api, HEAD).await;
    let mut answer = streamed(&mut pending).await;
    let total = 32 * 1024 * 1024;
    let sending = tokio::spawn(async move {
        let chunk = vec![b'x'; 1024 * 1024];
        for _ in 0..total / chunk.len() {
            client.send(format!("{:x}\r\n", chunk.len())).await;
            client.send(&chunk).await;
            client.send("\r\n").await;
        }
        client.send("0\r\n\r\n").await;
        client.response().await.status
    });
    let first = answer.next().await.unwrap();
    let read = api.until(|exchanges| exchanges.last().map(|exchange| exchange.length)).await;
    assert!(read < 8 * 1024 * 1024, "{read} bytes were read for a caller that took {}", first.len());
    drop(answer);
    sending.abort();
}
