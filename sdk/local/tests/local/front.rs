//! The HTTP front, where the answers of the demo's function do not go: streams, failures, timeouts.

use std::sync::Arc;
use std::time::Duration;

use misrule_local::front::Front;
use misrule_local::function::Function;

use crate::raw::Client;

async fn front() -> Front {
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local/programs/runtime.py");
    let function = Function::builder("orders").runtime(runtime, []).timeout(Duration::from_secs(3));
    Front::serve(Arc::new(function.start().await.unwrap())).await.unwrap()
}

/// What the front answers when the runtime does what this event says.
async fn answered(event: &str) -> String {
    let front = front().await;
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

#[tokio::test]
async fn a_raw_event_is_answered_as_lambdas_invoke_answers() {
    let front = front().await;
    let mut client = Client::connect(front.address()).await;
    for (event, error, expected) in [
        ("", None, r#""event": {}"#),
        (r#"{"a":[1]}"#, None, r#""event": {"a": [1]}"#),
        (r#"{"do":"stream"}"#, None, "onetwo"),
        (r#"{"do":"stream","breaks_off":true}"#, Some("Unhandled"), "onetwo"),
        (r#"{"do":"fail"}"#, Some("Unhandled"), r#"{"errorType":"T","errorMessage":"no"}"#),
        (r#"{"do":"hang"}"#, Some("Unhandled"), "Task timed out after 3.00 seconds"),
    ] {
        let answer = client.request("POST", "/local/invoke", "", event).await;
        assert_eq!((answer.status, answer.header("X-Amz-Function-Error")), (200, error), "{event}: {answer:?}");
        assert_eq!(answer.expect("X-Amz-Executed-Version"), "$LATEST");
        assert!(answer.body.contains(expected), "{event}: {answer:?}");
    }
    let refused = client.request("POST", "/local/invoke", "", "{").await;
    assert_eq!((refused.status, refused.expect("x-amzn-ErrorType").as_str()), (400, "InvalidRequestContentException"));
    let other = client.get("/local/invoke").await;
    assert!(
        other.status == 200 && other.header("X-Amz-Executed-Version").is_none(),
        "a page of the function: {other:?}"
    );
}
