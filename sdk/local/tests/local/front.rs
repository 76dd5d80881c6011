//! The HTTP front, where the answers of the demo's function do not go: streams, failures, timeouts.

use std::sync::Arc;
use std::time::Duration;

use misrule_local::front::Front;
use misrule_local::function::Function;

use crate::raw::Client;

/// What the front answers when the runtime does what this event says.
async fn answered(event: &str) -> String {
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local/programs/runtime.py");
    let function = Function::builder("orders").runtime(runtime, []).timeout(Duration::from_secs(1));
    let front = Front::serve(Arc::new(function.start().await.unwrap())).await.unwrap();
    let mut client = Client::connect(front.address()).await;
    client.send(format!("GET /?body={event} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
    client.rest().await
}

#[tokio::test]
async fn a_stream_is_passed_on_with_the_head_of_its_prelude() {
    let answer = answered(r#"{"do":"stream"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\nx-a: b\r\n"), "{answer}");
    assert!(
        answer.contains("\r\nSet-Cookie: c=1\r\n") && answer.contains("\r\nTransfer-Encoding: chunked\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_has_no_end() {
    let answer = answered(r#"{"do":"stream","breaks_off":true}"#).await;
    assert!(answer.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n"), "{answer}");
}

#[tokio::test]
async fn failures_and_timeouts_are_bad_gateways() {
    for event in [r#"{"do":"fail"}"#, r#"{"do":"hang"}"#, r#"{"do":"exit","code":1}"#] {
        let answer = answered(event).await;
        assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{event}: {answer}");
        assert!(answer.ends_with("\r\n\r\nInternal Server Error"), "{event}: {answer}");
    }
}
