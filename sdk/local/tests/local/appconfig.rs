//! AppConfig, call by call.

use std::time::Duration;

use misrule_local::appconfig::{Behaviour, NothingDeployed, Plane};
use serde_json::{Value, json};

use crate::account::{Account, SIGNED, failed, problem};
use crate::raw::Client;

#[tokio::test]
async fn a_configuration_is_received_once_and_then_unchanged_until_the_next_deployment() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    account.appconfig.set_poll_interval(Duration::from_secs(1));
    account.appconfig.deploy(&place, "application/json", "one");
    let token = account.session(&place).await;
    let first = account.poll(&token).await;
    assert_eq!(
        (first.status, first.body.as_str(), first.header("Content-Type")),
        (200, "one", Some("application/json"))
    );
    assert_eq!(first.header("Next-Poll-Interval-In-Seconds"), Some("1"));

    account.appconfig.advance(Duration::from_secs(1));
    let second = account.poll(&first.expect("Next-Poll-Configuration-Token")).await;
    assert_eq!((second.status, second.body.as_str()), (200, ""));
    account.appconfig.deploy(&place, "application/json", "two");
    account.appconfig.advance(Duration::from_secs(1));
    let third = account.poll(&second.expect("Next-Poll-Configuration-Token")).await;
    assert_eq!(third.body, "two");
    assert_eq!((account.appconfig.calls("GetLatestConfiguration"), account.appconfig.received()), (3, 2));
}

#[tokio::test]
async fn a_token_works_once_for_a_day_and_not_too_early() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    account.appconfig.deploy(&place, "text/plain", "x");
    let token = account.session(&place).await;
    assert!(token.contains('+') && token.contains('/') && token.contains('='), "{token}");
    // Not encoded, a plus is a space.
    assert_eq!(problem(&account.get(&format!("/configuration?configuration_token={token}")).await), "Corrupted");
    let next = account.poll(&token).await.expect("Next-Poll-Configuration-Token");
    assert_eq!(problem(&account.poll(&token).await), "Corrupted");
    assert_eq!(problem(&account.poll(&next).await), "PollIntervalNotSatisfied");
    account.appconfig.advance(Duration::from_secs(60));
    assert_eq!(account.poll(&next).await.status, 200);
    let old = account.session(&place).await;
    account.appconfig.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(problem(&account.poll(&old).await), "Expired");
}

#[tokio::test]
async fn a_session_may_ask_for_its_interval() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    account.appconfig.deploy(&place, "text/plain", "x");
    // By names too.
    let mut body = json!({
        "ApplicationIdentifier": "shop",
        "EnvironmentIdentifier": "staging",
        "ConfigurationProfileIdentifier": "misrule",
        "RequiredMinimumPollIntervalInSeconds": 15,
    });
    let session = account.created("/configurationsessions", body.clone()).await;
    let polled = account.poll(session["InitialConfigurationToken"].as_str().unwrap()).await;
    assert_eq!(polled.header("Next-Poll-Interval-In-Seconds"), Some("15"));
    body["RequiredMinimumPollIntervalInSeconds"] = 14.into();
    failed(&account.call("POST", "/configurationsessions", &body).await, 400, "BadRequestException");
    body["ApplicationIdentifier"] = "none".into();
    body["RequiredMinimumPollIntervalInSeconds"] = Value::Null;
    let missing = account.call("POST", "/configurationsessions", &body).await;
    assert_eq!(failed(&missing, 404, "ResourceNotFoundException")["ResourceType"], "Application");
}

#[tokio::test]
async fn nothing_deployed_is_not_found_or_empty_as_asked_for() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    let token = account.session(&place).await;
    let missing = account.poll(&token).await;
    assert_eq!(failed(&missing, 404, "ResourceNotFoundException")["ResourceType"], "Deployment");
    account.appconfig.set_nothing_deployed(NothingDeployed::Empty);
    let empty = account.poll(&token).await;
    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
}

#[tokio::test]
async fn publishing_goes_from_version_to_deployment() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    let versions = format!(
        "/applications/{}/configurationprofiles/{}/hostedconfigurationversions",
        place.application, place.profile
    );
    let headers = format!("{SIGNED}Content-Type: application/json\r\nVersionLabel: v1\r\nLatest-Version-Number: 0\r\n");
    let version = account.client.request("POST", &versions, &headers, "{}").await;
    assert_eq!((version.status, version.body.as_str(), version.header("Version-Number")), (201, "{}", Some("1")));
    let again = account.client.request("POST", &versions, &headers, "{}").await;
    failed(&again, 409, "ConflictException");
    let big = "x".repeat(1024 * 1024 + 1);
    let headers = format!("{SIGNED}Content-Type: application/json\r\n");
    let too_large = account.client.request("POST", &versions, &headers, &big).await;
    assert_eq!(failed(&too_large, 413, "PayloadTooLargeException")["Limit"], 1024.0);

    let strategy = json!({ "Name": "misrule-immediate", "DeploymentDurationInMinutes": 0, "GrowthFactor": 100, "FinalBakeTimeInMinutes": 0 });
    let strategy = account.created("/deploymentstrategies", strategy).await;
    let deployments = format!("/applications/{}/environments/{}/deployments", place.application, place.environment);
    let deployment = |strategy: &Value| json!({ "DeploymentStrategyId": strategy, "ConfigurationProfileId": place.profile, "ConfigurationVersion": "v1" });
    let started = account.created(&deployments, deployment(&strategy["Id"])).await;
    assert_eq!(
        (&started["State"], &started["DeploymentNumber"], &started["VersionLabel"]),
        (&json!("COMPLETE"), &json!(1), &json!("v1"))
    );
    let token = account.session(&place).await;
    let polled = account.poll(&token).await;
    assert_eq!((polled.body.as_str(), polled.header("Version-Label")), ("{}", Some("v1")));

    // This one bakes for ten minutes, and nothing else can start meanwhile.
    let at_once = deployment(&"AppConfig.AllAtOnce".into());
    assert_eq!(account.created(&deployments, at_once.clone()).await["State"], "BAKING");
    failed(&account.call("POST", &deployments, &at_once).await, 409, "ConflictException");
    account.appconfig.advance(Duration::from_secs(600));
    let done: Value = serde_json::from_str(&account.get(&format!("{deployments}/2")).await.body).unwrap();
    assert_eq!(done["State"], "COMPLETE");
}

#[tokio::test]
async fn a_stopped_deployment_gives_clients_the_version_before() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "staging", "misrule");
    account.appconfig.deploy(&place, "text/plain", "before");
    account.appconfig.deploy(&place, "text/plain", "after");
    let deployment = format!("/applications/{}/environments/{}/deployments/2", place.application, place.environment);
    failed(&account.call("DELETE", &deployment, &json!({})).await, 400, "BadRequestException");
    let headers = format!("{SIGNED}Allow-Revert: true\r\n");
    let stopped = account.client.request("DELETE", &deployment, &headers, "").await;
    assert_eq!(stopped.status, 202);
    assert!(stopped.body.contains(r#""State":"REVERTED""#), "{stopped:?}");
    let token = account.session(&place).await;
    assert_eq!(account.poll(&token).await.body, "before");
}

#[tokio::test]
async fn what_is_not_signed_for_the_service_is_refused() {
    let mut account = Account::new().await;
    failed(&account.client.get("/applications").await, 403, "MissingAuthenticationTokenException");
    let other = SIGNED.replace("/appconfig/", "/appconfigdata/");
    failed(&account.client.request("GET", "/applications", &other, "").await, 403, "InvalidSignatureException");
    failed(
        &account.client.request("GET", "/applications", "Authorization: Basic x\r\n", "").await,
        403,
        "IncompleteSignatureException",
    );
    assert_eq!(account.get("/applications").await.body, r#"{"Items":[]}"#);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let mut account = Account::new().await;
    for name in ["a", "b", "c"] {
        account.created("/applications", json!({ "Name": name })).await;
    }
    let page: Value = serde_json::from_str(&account.get("/applications?max_results=2").await.body).unwrap();
    assert_eq!(page["Items"].as_array().unwrap().len(), 2);
    let next = page["NextToken"].as_str().unwrap();
    let page: Value =
        serde_json::from_str(&account.get(&format!("/applications?next_token={next}")).await.body).unwrap();
    assert_eq!((&page["Items"][0]["Name"], page.get("NextToken")), (&json!("c"), None));
    failed(&account.get("/applications?max_results=51").await, 400, "BadRequestException");
}

#[tokio::test]
async fn a_plane_can_be_made_to_fail() {
    let mut account = Account::new().await;
    account.appconfig.set_behaviour(Plane::Data, Behaviour::Status(429));
    failed(&account.poll("x").await, 429, "ThrottlingException");
    assert_eq!(account.get("/applications").await.status, 200);
    account.appconfig.set_behaviour(Plane::Control, Behaviour::Garbage);
    account.client.send(format!("GET /applications HTTP/1.1\r\n{SIGNED}\r\n")).await;
    assert!(!account.client.rest().await.starts_with("HTTP/"));
    account.appconfig.set_behaviour(Plane::Control, Behaviour::Refuse);
    let mut client = Client::connect(account.appconfig.address()).await;
    client.send(format!("GET /applications HTTP/1.1\r\n{SIGNED}\r\n")).await;
    assert_eq!(client.rest().await, "");
    account.appconfig.set_behaviour(Plane::Control, Behaviour::Hang);
    let mut client = Client::connect(account.appconfig.address()).await;
    client.send(format!("GET /applications HTTP/1.1\r\n{SIGNED}\r\n")).await;
    account.appconfig.until_calls("ListApplications", 4).await;
    client.finish().await;
    assert_eq!(client.rest().await, "");
}
