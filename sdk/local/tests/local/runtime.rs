//! The Runtime API, request by request. Expected texts were taken from AWS's Runtime Interface Emulator.

use std::time::Duration;

use bytes::Bytes;
use misrule_local::lambda::{End, Event, Interception, InvocationId, MAX_ANSWER, Outcome, Pending, RuntimeApi};

use crate::raw::{Client, Response};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const OK: &str = "{\"status\":\"OK\"}\n";

async fn api() -> RuntimeApi {
    RuntimeApi::serve().await.unwrap()
}

fn answer_path(id: &str, kind: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{id}/{kind}")
}

async fn begin(api: &RuntimeApi, event: impl Into<Event>) -> (Client, Pending, String) {
    let pending = api.push(event);
    let mut client = Client::connect(api.address()).await;
    let next = client.get(NEXT).await;
    let id = next.expect("Lambda-Runtime-Aws-Request-Id");
    assert_eq!(id, pending.request_id());
    (client, pending, id)
}

fn refused(response: &Response, status: u16, error_type: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert!(response.body.contains(&format!("\"errorType\":\"{error_type}\"")), "{response:?}");
    assert_eq!(response.header("Content-Type"), Some("application/json"));
}

#[tokio::test]
async fn an_event_is_delivered_with_lambdas_headers_and_answered() {
    let api = api().await;
    let event = Event {
        invocation_id: InvocationId::Given("nonce-1".to_owned()),
        trace_id: Some("Root=1-a".to_owned()),
        tenant_id: Some("tenant-7".to_owned()),
        client_context: Some(r#"{"a":"b"}"#.to_owned()),
        qualifier: Some("live".to_owned()),
        headers: vec![("Lambda-Runtime-Future-X".to_owned(), Bytes::from_static(b"\xc3\xa9"))],
        ..Event::from(r#"{"k":1}"#)
    };
    let mut pending = api.push(event);
    let mut client = Client::connect(api.address()).await;
    let next = client.get(NEXT).await;
    let names: Vec<_> = next.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "Content-Type",
        "Lambda-Runtime-Aws-Request-Id",
        "Lambda-Runtime-Aws-Tenant-Id",
        "Lambda-Runtime-Client-Context",
        "Lambda-Runtime-Deadline-Ms",
        "Lambda-Runtime-Invocation-Id",
        "Lambda-Runtime-Invoked-Function-Arn",
        "Lambda-Runtime-Trace-Id",
        "Lambda-Runtime-Future-X",
        "Date",
        "Content-Length",
    ];
    assert_eq!(names, expected);
    assert_eq!((next.status, next.body.as_str()), (200, r#"{"k":1}"#));
    assert_eq!(next.header("Content-Type"), Some("application/json"));
    let arn = "arn:aws:lambda:us-east-1:012345678912:function:test_function:live";
    assert_eq!(next.header("Lambda-Runtime-Invoked-Function-Arn"), Some(arn));

    let path = answer_path(pending.request_id(), "response");
    let accepted = client.request("POST", &path, "lambda-runtime-invocation-id: nonce-1\r\n", "[2]").await;
    assert_eq!((accepted.status, accepted.body.as_str()), (202, OK));
    assert!(matches!(pending.outcome().await, Outcome::Answer(body) if body == "[2]"));
}

#[tokio::test]
async fn a_repeated_question_gets_the_same_event_until_it_is_answered() {
    let api = api().await;
    let (mut client, _pending, id) = begin(&api, "{}").await;
    let mut other = Client::connect(api.address()).await;
    assert_eq!(other.get(NEXT).await.expect("Lambda-Runtime-Aws-Request-Id"), id);
    client.request("POST", &answer_path(&id, "response"), "", "{}").await;
    let next = api.push("second");
    assert_eq!(client.get(NEXT).await.expect("Lambda-Runtime-Aws-Request-Id"), next.request_id());
}

#[tokio::test]
async fn a_second_answer_is_refused_and_so_is_an_unknown_one() {
    let api = api().await;
    let (mut client, _pending, id) = begin(&api, "{}").await;
    refused(&client.request("POST", &answer_path("xx", "response"), "", "{}").await, 400, "InvalidRequestID");
    refused(&client.request("POST", "/2018-06-01/runtime/init/error", "", "{}").await, 403, "InvalidStateTransition");
    assert_eq!(client.request("POST", &answer_path(&id, "response"), "", "{}").await.status, 202);
    let second = client.request("POST", &answer_path(&id, "error"), "", "{}").await;
    let text = "{\"errorMessage\":\"State transition from RuntimeResponseSentState to InvocationErrorResponse failed for \
                runtime. Error: State transition is not allowed\",\"errorType\":\"InvalidStateTransition\"}\n";
    assert_eq!((second.status, second.body.as_str()), (403, text));

    client.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;
    api.until(|exchanges| (exchanges.iter().filter(|exchange| exchange.is("GET", NEXT)).count() == 2).then_some(()))
        .await;
    let mut other = Client::connect(api.address()).await;
    // The answer races with the question above; once that is in, the id is forgotten.
    let late = loop {
        let late = other.request("POST", &answer_path(&id, "response"), "", "{}").await;
        if late.status != 403 {
            break late;
        }
    };
    assert_eq!(late.body, "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n");
}

#[tokio::test]
async fn an_error_keeps_its_body_and_loses_a_type_that_is_not_well_formed() {
    let api = api().await;
    let body = r#"{"errorMessage":"m","errorType":"Mine"}"#;
    for (claim, kept) in [("Function.ChaosInjected", "Function.ChaosInjected"), ("TypeError", "Runtime.Unknown")] {
        let (mut client, mut pending, id) = begin(&api, "{}").await;
        let header = format!("Lambda-Runtime-Function-Error-Type: {claim}\r\n");
        assert_eq!(client.request("POST", &answer_path(&id, "error"), &header, body).await.status, 202);
        let Outcome::Error(error) = pending.outcome().await else { panic!("no error") };
        assert_eq!((error.error_type.as_str(), error.body.as_ref()), (kept, body.as_bytes()));
    }
}

#[tokio::test]
async fn the_cause_of_an_error_stays_with_lambda() {
    let api = api().await;
    let (mut client, mut pending, id) = begin(&api, "{}").await;
    let header = "Content-Type: application/vnd.aws.lambda.error.cause+json\r\n";
    let body = r#"{"errorMessage":"m","errorType":"T","errorCause":{"paths":[]}}"#;
    client.request("POST", &answer_path(&id, "error"), header, body).await;
    assert_eq!(pending.outcome().await.bytes().await, r#"{"errorMessage":"m","errorType":"T"}"#);
}

#[tokio::test]
async fn a_crossed_answer_is_gone() {
    let api = api().await;
    let (mut client, _pending, id) = begin(&api, "{}").await;
    let path = answer_path(&id, "response");
    refused(
        &client.request("POST", &path, "Lambda-Runtime-Invocation-Id: other\r\n", "{}").await,
        410,
        "InvokeTimeout",
    );
    assert_eq!(client.request("POST", &path, "", "{}").await.status, 202);
}

#[tokio::test]
async fn an_answer_after_the_timeout_is_gone() {
    let api = RuntimeApi::builder().timeout(Duration::from_millis(20)).serve().await.unwrap();
    let (mut client, mut pending, id) = begin(&api, "{}").await;
    let Outcome::TimedOut(error) = pending.outcome().await else { panic!("no timeout") };
    assert_eq!(error.text("errorType").as_deref(), Some("Sandbox.Timedout"));
    let message = format!("RequestId: {id} Error: Task timed out after 0.02 seconds");
    assert_eq!(error.text("errorMessage"), Some(message));
    refused(&client.request("POST", &answer_path(&id, "response"), "", "{}").await, 410, "InvokeTimeout");
}

#[tokio::test]
async fn the_largest_answer_passes_and_one_byte_more_does_not() {
    let api = api().await;
    let largest = usize::try_from(MAX_ANSWER).unwrap();
    assert_eq!(largest, 6_291_556);
    let (mut client, mut pending, id) = begin(&api, "{}").await;
    let accepted = client.request("POST", &answer_path(&id, "response"), "", &"x".repeat(largest)).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(pending.outcome().await.bytes().await.len(), largest);

    let (mut client, mut pending, id) = begin(&api, "{}").await;
    let too_large = client.request("POST", &answer_path(&id, "response"), "", &"x".repeat(largest + 1)).await;
    let text = "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\",\
                \"errorType\":\"RequestEntityTooLarge\"}\n";
    assert_eq!((too_large.status, too_large.body.as_str()), (413, text));
    let outcome = pending.outcome().await;
    assert_eq!(outcome.error().unwrap().error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn a_truncated_answer_is_an_error_for_both_sides() {
    let api = api().await;
    let (mut client, mut pending, id) = begin(&api, "{}").await;
    client.send(format!("POST {} HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", answer_path(&id, "response"))).await;
    client.finish().await;
    refused(&client.response().await, 400, "TruncatedHTTPRequest");
    assert_eq!(pending.outcome().await.error().unwrap().error_type, "Runtime.TruncatedResponse");
    let exchange = api.exchanges().pop().unwrap();
    assert_eq!((exchange.end, exchange.body()), (End::Truncated, Bytes::from("half")));
}

#[tokio::test]
async fn an_unknown_response_mode_is_refused() {
    let api = api().await;
    let (mut client, mut pending, id) = begin(&api, "{}").await;
    let header = "Lambda-Runtime-Function-Response-Mode: bogus\r\n";
    let response = client.request("POST", &answer_path(&id, "response"), header, "{}").await;
    refused(&response, 400, "InvalidFunctionResponseMode");
    assert_eq!(pending.outcome().await.error().unwrap().error_type, "Runtime.InvalidResponseModeHeader");
}

#[tokio::test]
async fn routes_that_lambda_has_not_are_404_and_methods_405() {
    let api = api().await;
    let mut client = Client::connect(api.address()).await;
    for path in ["/2018-06-01/runtime/restore/next", "/nope", "/2021-04-23/credentials"] {
        let response = client.get(path).await;
        assert_eq!((response.status, response.body.as_str()), (404, "404 page not found\n"), "{path}");
        assert_eq!(response.header("Content-Type"), Some("text/plain; charset=utf-8"));
    }
    let wrong = client.request("POST", NEXT, "", "").await;
    assert_eq!((wrong.status, wrong.header("Allow"), wrong.body.as_str()), (405, Some("GET"), ""));
    assert_eq!(client.get("/2018-06-01/ping").await.body, "pong");
    let telemetry = client.request("PUT", "/2022-07-01/telemetry", "", "{}").await;
    refused(&telemetry, 202, "Telemetry.NotSupported");
}

#[tokio::test]
async fn a_request_is_recorded_as_it_was_on_the_wire() {
    let api = api().await;
    let (mut client, _pending, id) = begin(&api, "{}").await;
    let head = format!(
        "POST {}?q HTTP/1.1\r\nTRAILER: x-B\r\nx-a: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        answer_path(&id, "response")
    );
    client.send(&head).await;
    client.send("3;ext=1\r\na").await;
    client.send("bc\r\n1\r\nd\r\n0\r\nx-B: last\r\n\r\n").await;
    assert_eq!(client.response().await.status, 202);
    let exchange = api.exchanges().pop().unwrap();
    assert_eq!(exchange.head.raw, head.as_bytes());
    assert_eq!(exchange.chunks, [Bytes::from("abc"), Bytes::from("d")]);
    assert_eq!((exchange.trailers[0].name.as_str(), exchange.trailers[0].text()), ("x-B", Some("last")));
    assert_eq!((exchange.end, exchange.status, exchange.length), (End::Complete, Some(202), 4));
}

#[tokio::test]
async fn a_body_is_asked_for_where_the_client_waits_for_that() {
    let api = api().await;
    let (mut client, _pending, id) = begin(&api, "{}").await;
    let path = answer_path(&id, "response");
    client.send(format!("POST {path} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")).await;
    assert_eq!(client.response().await.status, 100);
    client.send("{}").await;
    assert_eq!(client.response().await.status, 202);
}

#[tokio::test]
async fn an_init_error_is_accepted_once_and_ends_init() {
    let api = api().await;
    let mut client = Client::connect(api.address()).await;
    let header = "Lambda-Runtime-Function-Error-Type: Runtime.NoSuchModule\r\n";
    let path = "/2018-06-01/runtime/init/error";
    assert_eq!(client.request("POST", path, header, r#"{"errorMessage":"m"}"#).await.status, 202);
    assert_eq!(api.ready().await.unwrap_err().error_type, "Runtime.NoSuchModule");
    refused(&client.request("POST", path, "", "{}").await, 403, "InvalidStateTransition");
    refused(&client.get(NEXT).await, 403, "InvalidStateTransition");
}

#[tokio::test]
async fn managed_instances_run_several_at_once_and_lose_the_event_of_a_dead_waiter() {
    let api = RuntimeApi::builder().managed_instances(2).serve().await.unwrap();
    let mut first = Client::connect(api.address()).await;
    let mut second = Client::connect(api.address()).await;
    let (mut a, b) = (api.push("a"), api.push("b"));
    assert_eq!((first.get(NEXT).await.body, second.get(NEXT).await.body), ("a".to_owned(), "b".to_owned()));
    // Answers may come in any order and on any connection.
    assert_eq!(first.request("POST", &answer_path(b.request_id(), "response"), "", "B").await.status, 202);
    assert_eq!(first.request("POST", &answer_path(a.request_id(), "response"), "", "A").await.status, 202);
    assert_eq!(a.outcome().await.bytes().await, "A");

    let mut dead = Client::connect(api.address()).await;
    dead.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;
    api.until(|exchanges| (exchanges.iter().filter(|exchange| exchange.is("GET", NEXT)).count() == 3).then_some(()))
        .await;
    drop(dead);
    let lost = api.push("lost").outcome().await;
    assert_eq!(lost.error().unwrap().error_type, "Runtime.Unknown");
}

#[tokio::test]
async fn a_request_can_be_intercepted_once() {
    let api = api().await;
    let forged = "HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\nno";
    api.intercept("GET", "/next", Interception::Send(Bytes::from(forged)));
    api.intercept("GET", "/next", Interception::Close);
    let pending = api.push("{}");
    let mut client = Client::connect(api.address()).await;
    let response = client.get(NEXT).await;
    assert_eq!((response.status, response.body.as_str()), (500, "no"));
    client.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;
    assert_eq!(client.rest().await, "");
    let mut client = Client::connect(api.address()).await;
    assert_eq!(client.get(NEXT).await.expect("Lambda-Runtime-Aws-Request-Id"), pending.request_id());
}
