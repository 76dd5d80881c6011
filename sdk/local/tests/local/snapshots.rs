//! SnapStart, request by request.

use misrule_local::lambda::{Outcome, RuntimeApi};

use crate::raw::Client;

const RESTORE: &str = "/2018-06-01/runtime/restore/next";
const RESTORE_ERROR: &str = "/2018-06-01/runtime/restore/error";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const CREDENTIALS: &str = "/2021-04-23/credentials";

/// A runtime that is ready for its snapshot.
async fn frozen() -> (RuntimeApi, Client) {
    let api = RuntimeApi::builder().snap_start().serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    client.send(format!("GET {RESTORE} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    api.ready().await.unwrap();
    (api, client)
}

#[tokio::test]
async fn a_runtime_is_restored_for_its_first_event_and_then_asks_for_it() {
    let (api, mut client) = frozen().await;
    let pending = api.push("{}");
    let restored = client.response().await;
    assert_eq!((restored.status, restored.body.as_str()), (200, ""));
    assert_eq!(client.get(NEXT).await.expect("Lambda-Runtime-Aws-Request-Id"), pending.request_id());
    assert_eq!(client.get(RESTORE).await.status, 403, "it is restored once");
}

#[tokio::test]
async fn a_hook_that_fails_fails_what_the_copy_was_made_for() {
    let (api, mut client) = frozen().await;
    let mut pending = api.push("{}");
    client.response().await;
    let header = "Lambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\n";
    assert_eq!(client.request("POST", RESTORE_ERROR, header, r#"{"errorType":"T"}"#).await.status, 202);
    let Outcome::Error(error) = pending.outcome().await else { panic!("no error") };
    assert_eq!(
        (error.error_type.as_str(), error.body.as_ref()),
        ("Runtime.AfterRestoreError", &br#"{"errorType":"T"}"#[..])
    );
}

#[tokio::test]
async fn keys_are_given_to_whom_they_are_for() {
    let (api, _client) = frozen().await;
    let mut other = Client::connect(api.address()).await;
    assert_eq!(other.get(CREDENTIALS).await.status, 404);
    let keys = other.request("GET", CREDENTIALS, "Authorization: local-credentials\r\n", "").await;
    assert!(keys.body.contains("AccessKeyId"), "{keys:?}");
}

#[tokio::test]
async fn a_function_without_snap_start_has_none_of_it() {
    let api = RuntimeApi::serve().await.unwrap();
    let mut client = Client::connect(api.address()).await;
    for path in [RESTORE, CREDENTIALS] {
        let absent = client.request("GET", path, "Authorization: local-credentials\r\n", "").await;
        assert_eq!((absent.status, absent.body.as_str()), (404, "404 page not found\n"), "{path}");
    }
}
