//! The Extensions API, request by request. Expected texts were taken from AWS's Runtime Interface Emulator.

use std::time::Duration;

use misrule_local::lambda::{Finished, Outcome, RuntimeApi, ShutdownReason};

use crate::raw::{Client, Response};

const REGISTER: &str = "/2020-01-01/extension/register";
const EVENT_NEXT: &str = "/2020-01-01/extension/event/next";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

async fn register(client: &mut Client, name: &str, events: &str) -> Response {
    client.request("POST", REGISTER, &format!("Lambda-Extension-Name: {name}\r\n"), events).await
}

fn identifier(response: &Response) -> String {
    assert_eq!(response.status, 200, "{response:?}");
    format!("Lambda-Extension-Identifier: {}\r\n", response.expect("Lambda-Extension-Identifier"))
}

#[tokio::test]
async fn registration_is_refused_with_lambdas_words() {
    let api = RuntimeApi::builder().extension("external").serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    for (name, events, error) in [
        ("", "{}", r#""errorMessage":"Empty extension name","errorType":"Extension.InvalidExtensionName""#),
        ("internal", "xxx", r#""errorType":"InvalidRequestFormat""#),
        (
            "internal",
            r#"{"events":["BOGUS"]}"#,
            r#""errorMessage":"BOGUS: ErrorInvalidEventType","errorType":"Extension.InvalidEventType""#,
        ),
        (
            "internal",
            r#"{"events":["SHUTDOWN"]}"#,
            r#""errorMessage":"SHUTDOWN: ShutdownEventNotSupportedForInternalExtension","errorType":"Extension.InvalidEventType""#,
        ),
    ] {
        let response = register(&mut client, name, events).await;
        assert_eq!(response.status, 403, "{name} {events}");
        assert!(response.body.contains(error), "{} lacks {error}", response.body);
    }
    let registered = register(&mut client, "external", r#"{"events":["SHUTDOWN"]}"#).await;
    assert_eq!(
        registered.body,
        "{\"functionName\":\"test_function\",\"functionVersion\":\"$LATEST\",\"handler\":\"\"}\n"
    );
    let again = register(&mut client, "external", "{}").await;
    assert!(again.body.contains(r#""errorType":"Extension.InvalidExtensionState""#), "{again:?}");
    for number in 1..10 {
        assert_eq!(register(&mut client, &format!("internal-{number}"), "{}").await.status, 200);
    }
    let eleventh = register(&mut client, "internal-10", "{}").await;
    assert!(eleventh.body.contains(r#""errorType":"Extension.TooManyExtensions""#), "{eleventh:?}");
}

#[tokio::test]
async fn the_account_is_told_to_who_accepts_it() {
    let api = RuntimeApi::serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    let headers = "Lambda-Extension-Name: internal\r\nLambda-Extension-Accept-Feature: accountId\r\n";
    let registered = client.request("POST", REGISTER, headers, "{}").await;
    assert!(registered.body.contains(r#""accountId":"012345678912""#), "{registered:?}");
}

#[tokio::test]
async fn registration_closes_with_the_runtimes_first_question() {
    let api = RuntimeApi::serve().await.unwrap();
    let mut runtime = Client::connect(api.address()).await;
    runtime.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;
    api.ready().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    let late = register(&mut client, "internal", "{}").await;
    assert!(late.body.contains(r#""errorType":"Extension.RegistrationClosed""#), "{late:?}");
}

#[tokio::test]
async fn identifiers_are_checked() {
    let api = RuntimeApi::serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    let unknown = "0b6f2d2e-0000-4000-8000-000000000001";
    for (header, error) in [
        (String::new(), "Extension.MissingExtensionIdentifier"),
        ("Lambda-Extension-Identifier: abc\r\n".to_owned(), "Extension.InvalidExtensionIdentifier"),
        (format!("Lambda-Extension-Identifier: {unknown}\r\n"), "Extension.UnknownExtensionIdentifier"),
    ] {
        let response = client.request("GET", EVENT_NEXT, &header, "").await;
        assert_eq!(response.status, 403);
        assert!(response.body.contains(error), "{} lacks {error}", response.body);
    }
}

#[tokio::test]
async fn an_invocation_waits_for_extensions_before_and_after() {
    let api = RuntimeApi::builder().extension("watcher").serve().await.unwrap();
    let mut extension = Client::connect(api.address()).await;
    let id = identifier(&register(&mut extension, "watcher", r#"{"events":["INVOKE","SHUTDOWN"]}"#).await);
    let mut pending = api.push("{}");
    let mut runtime = Client::connect(api.address()).await;
    runtime.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;
    api.until(|exchanges| exchanges.iter().any(|exchange| exchange.is("GET", NEXT)).then_some(())).await;

    let event = extension.request("GET", EVENT_NEXT, &id, "").await;
    assert!(event.header("Lambda-Extension-Event-Identifier").is_some());
    let told = format!(
        r#""eventType":"INVOKE","invokedFunctionArn":"arn:aws:lambda:us-east-1:012345678912:function:test_function","requestId":"{}""#,
        pending.request_id()
    );
    assert!(event.body.contains(&told), "{}", event.body);
    assert_eq!(runtime.response().await.status, 200);
    let path = format!("/2018-06-01/runtime/invocation/{}/response", pending.request_id());
    runtime.request("POST", &path, "", "{}").await;
    assert!(matches!(pending.outcome().await, Outcome::Answer(_)));
    runtime.send(format!("GET {NEXT} HTTP/1.1\r\n\r\n")).await;

    let mut finished = Box::pin(pending.finished());
    let asked = api
        .until(|exchanges| (exchanges.iter().filter(|exchange| exchange.is("GET", NEXT)).count() == 2).then_some(()));
    tokio::select! { biased; how = &mut finished => panic!("{how:?} without the extension"), () = asked => {} }
    extension.send(format!("GET {EVENT_NEXT} HTTP/1.1\r\n{id}\r\n")).await;
    assert_eq!(finished.await, Finished::Idle);

    api.shut_down_extensions(ShutdownReason::SpinDown, Duration::from_secs(2));
    let event = extension.response().await;
    assert!(event.body.contains(r#""eventType":"SHUTDOWN","shutdownReason":"SPINDOWN""#), "{}", event.body);
}

#[tokio::test]
async fn managed_instances_refuse_invoke_events() {
    let api = RuntimeApi::builder().extension("watcher").managed_instances(2).serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    let refused = register(&mut client, "watcher", r#"{"events":["INVOKE"]}"#).await;
    assert!(refused.body.contains(r#""errorType":"Extension.InvalidEventType""#), "{refused:?}");
    assert_eq!(register(&mut client, "watcher", r#"{"events":["SHUTDOWN"]}"#).await.status, 200);
}

#[tokio::test]
async fn an_extension_that_reports_its_failure_ends_init() {
    let api = RuntimeApi::builder().extension("broken").serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    let id = identifier(&register(&mut client, "broken", "{}").await);
    let path = "/2020-01-01/extension/init/error";
    let missing = client.request("POST", path, &id, "{}").await;
    assert!(missing.body.contains(r#""errorType":"Extension.MissingHeader""#), "{missing:?}");
    let headers = format!("{id}Lambda-Extension-Function-Error-Type: Extension.NoConfig\r\n");
    assert_eq!(client.request("POST", path, &headers, "{}").await.status, 202);
    assert_eq!(api.ready().await.unwrap_err().error_type, "Extension.InitError");
}
