//! Calls of the data plane that go wrong: each kind, what its token is worth afterwards, and that the next call is well.

use std::time::Duration;

use misrule_local::appconfig::DataCall::{GetLatestConfiguration, StartConfigurationSession};
use misrule_local::appconfig::{Disturbance, Place, TokenProblem};
use serde_json::json;

use crate::account::{Account, SIGNED, failed, problem};
use crate::raw::Client;

/// An account with something deployed, and the first token of a session.
async fn session() -> (Account, Place, String) {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    account.appconfig.set_poll_interval(Duration::from_secs(60));
    account.appconfig.deploy(&place, "application/json", r#"{"halt":true}"#);
    let token = account.session(&place).await;
    (account, place, token)
}

/// All that comes back for a poll over a connection of its own, until it is closed.
async fn whole(account: &Account, token: &str) -> String {
    let mut client = Client::connect(account.appconfig.address()).await;
    let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let head = format!("GET /configuration?configuration_token={token} HTTP/1.1\r\nConnection: close\r\n{SIGNED}\r\n");
    client.send(head).await;
    client.rest().await
}

#[tokio::test]
async fn a_refused_call_leaves_its_token_as_it_was() {
    let (mut account, _, token) = session().await;
    let data = account.appconfig.data();
    data.next(GetLatestConfiguration, Disturbance::Throttle { retry_after: Some(7) });
    data.next(GetLatestConfiguration, Disturbance::Throttle { retry_after: None });
    let denied = Disturbance::Refuse { status: 403, exception: "AccessDeniedException".into() };
    data.next(GetLatestConfiguration, denied);
    data.next(GetLatestConfiguration, Disturbance::Answer { status: 502, body: "<h1>no</h1>".into() });
    data.next(GetLatestConfiguration, Disturbance::Token(TokenProblem::PollIntervalNotSatisfied));
    let throttled = account.poll(&token).await;
    failed(&throttled, 429, "ThrottlingException");
    assert_eq!(throttled.header("Retry-After"), Some("7"));
    assert_eq!(account.poll(&token).await.header("Retry-After"), None);
    failed(&account.poll(&token).await, 403, "AccessDeniedException");
    let strange = account.poll(&token).await;
    assert_eq!((strange.status, strange.body.as_str(), strange.header("x-amzn-ErrorType")), (502, "<h1>no</h1>", None));
    assert_eq!(problem(&account.poll(&token).await), "PollIntervalNotSatisfied");
    assert_eq!(account.appconfig.data().pending(), 0);
    assert_eq!(account.poll(&token).await.status, 200);
    assert_eq!(account.appconfig.calls("GetLatestConfiguration"), 6);
}

#[tokio::test]
async fn a_token_refused_for_good_stays_refused() {
    for expected in [TokenProblem::Corrupted, TokenProblem::Expired] {
        let (mut account, place, token) = session().await;
        account.appconfig.data().next(GetLatestConfiguration, Disturbance::Token(expected));
        assert_eq!(problem(&account.poll(&token).await), format!("{expected:?}"));
        assert_eq!(problem(&account.poll(&token).await), "Corrupted");
        let anew = account.session(&place).await;
        assert_eq!(account.poll(&anew).await.body, r#"{"halt":true}"#);
    }
}

#[tokio::test]
async fn a_connection_is_dropped_before_or_after_the_call_is_carried_out() {
    let (mut account, _, token) = session().await;
    let data = account.appconfig.data();
    data.next(GetLatestConfiguration, Disturbance::DropBefore).next(GetLatestConfiguration, Disturbance::DropAfter);
    assert_eq!(whole(&account, &token).await, "");
    assert_eq!(account.appconfig.received(), 0);
    assert_eq!(whole(&account, &token).await, "");
    assert_eq!(account.appconfig.received(), 1, "its answer is lost, and charged for");
    assert_eq!(problem(&account.poll(&token).await), "Corrupted");
}

#[tokio::test]
async fn a_body_ends_before_its_length() {
    let (account, _, token) = session().await;
    account.appconfig.data().next(GetLatestConfiguration, Disturbance::Truncate(5));
    let truncated = whole(&account, &token).await;
    assert!(truncated.contains("Content-Length: 13\r\n") && truncated.ends_with("\r\n\r\n{\"hal"), "{truncated}");
}

#[tokio::test]
async fn a_header_of_the_answer_is_another_or_missing() {
    let (mut account, _, token) = session().await;
    account.appconfig.data().next(GetLatestConfiguration, Disturbance::poll_interval("-1"));
    let missing = Disturbance::Header { name: "next-poll-configuration-token".into(), value: None };
    account.appconfig.data().next(GetLatestConfiguration, missing);
    let first = account.poll(&token).await;
    assert_eq!(first.header("Next-Poll-Interval-In-Seconds"), Some("-1"));
    account.appconfig.advance(Duration::from_secs(60));
    let second = account.poll(&first.expect("Next-Poll-Configuration-Token")).await;
    assert_eq!((second.status, second.header("Next-Poll-Configuration-Token")), (200, None));
    assert_eq!(second.header("Next-Poll-Interval-In-Seconds"), Some("60"));
}

#[tokio::test]
async fn a_program_outside_disturbs_and_moves_the_clock_too() {
    let (mut account, place, _) = session().await;

    let told = [
        ("POST", "/local/clock/advance", r#"{"seconds":1.5}"#),
        ("POST", "/local/clock/advance", r#"{"seconds":-1}"#),
        ("POST", "/local/clock/advance", r#"{"seconds":1e300}"#),
        ("POST", "/local/clock/advance", r#"{"minutes":1}"#),
        ("POST", "/local/disturbances", r#"{"call":"StartConfigurationSession","disturbance":"hang"}"#),
        ("POST", "/local/disturbances", r#"{"call":"Poll","disturbance":"hang"}"#),
        ("GET", "/local/nothing", ""),
    ];
    let mut statuses = Vec::new();
    for (method, path, body) in told {
        statuses.push(account.client.request(method, path, "", body).await.status);
    }
    assert_eq!(statuses, [200, 400, 400, 400, 200, 400, 404]);
    let body = json!({ "ApplicationIdentifier": place.application }).to_string();
    let mut client = Client::connect(account.appconfig.address()).await;
    let length = body.len();
    client
        .send(format!("POST /configurationsessions HTTP/1.1\r\n{SIGNED}Content-Length: {length}\r\n\r\n{body}"))
        .await;
    account.appconfig.until_calls("StartConfigurationSession", 2).await;
    client.finish().await;
    assert_eq!(client.rest().await, "", "it is never answered");
    assert_eq!(account.appconfig.data().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_late() {
    let (mut account, place, _) = session().await;
    account.appconfig.data().next(StartConfigurationSession, Disturbance::Slow(Duration::from_secs(20)));
    let before = tokio::time::Instant::now();
    account.session(&place).await;
    assert!(before.elapsed() >= Duration::from_secs(20));
}
