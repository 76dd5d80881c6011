//! The AppConfig source against a server that answers by script and keeps what it was asked.

use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_appconfigdata::Client;
use bytes::Bytes;
use tokio::net::TcpListener;

use super::super::Pace;
use super::super::scripted::{Reply, Server, answer};
use super::{AppConfig, Fetched, Source, SourceError, loader};
use crate::settings::{HostedAddress, Settings, SourceAddress};

const SESSION: &str = "POST /configurationsessions";

fn session(token: &str) -> Reply {
    Reply::Says(answer(201, "", &format!(r#"{{"InitialConfigurationToken":"{token}"}}"#)))
}

fn latest(next: &str, interval: &str, label: &str, body: &str) -> Reply {
    let headers = format!(
        "Next-Poll-Configuration-Token: {next}\r\nNext-Poll-Interval-In-Seconds: {interval}\r\nVersion-Label: {label}\r\n"
    );
    Reply::Says(answer(200, &headers, body))
}

fn failure(status: u16, code: &str) -> Reply {
    Reply::Says(answer(status, &format!("x-amzn-ErrorType: {code}\r\n"), r#"{"Message":"said by the test"}"#))
}

async fn keyed(server: &Server) -> AppConfig {
    source(&server.url(), Credentials::new("AKID", "secret", None, None, "test")).await
}

async fn source(url: &str, credentials: impl ProvideCredentials + 'static) -> AppConfig {
    let config = loader(Region::new("us-east-1"), credentials).endpoint_url(url).load().await;
    AppConfig { client: Some(Client::new(&config)), ..AppConfig::open(address(), "us-east-1") }
}

fn address() -> HostedAddress {
    let (settings, _) =
        Settings::read(|name| (name == "MISRULE_SOURCE").then(|| "appconfig:shop/prod/faults".to_owned()));
    let Some(SourceAddress::AppConfig(address)) = settings.source else { panic!("an AppConfig source is one") };
    address
}

fn get(token: &str) -> String {
    format!("GET /configuration?configuration_token={token}")
}

fn content(body: &'static str, label: Option<&str>) -> Fetched {
    Fetched::Content { bytes: Bytes::from_static(body.as_bytes()), label: label.map(str::to_owned) }
}

#[tokio::test]
async fn each_answer_brings_the_next_token_and_interval_the_empty_ones_too() {
    let script = vec![
        session("first"),
        latest("second", "15", "v1", "one"),
        latest("third+/=", "30", "", ""),
        latest("fourth", "0", "", "two"),
        latest("fifth", "999999", "", ""),
    ];
    let server = Server::with(script).await;
    let mut source = keyed(&server).await;
    for (fetched, interval) in [
        (content("one", Some("v1")), 15),
        (Fetched::Unchanged, 30),
        (content("two", None), 60),
        (Fetched::Unchanged, 86_400),
    ] {
        assert_eq!(source.fetch().await.unwrap(), fetched);
        assert_eq!(source.interval(), Duration::from_secs(interval));
    }
    let encoded = get("third%2B%2F%3D");
    assert_eq!(server.asked(), [SESSION, &get("first"), &get("second"), &encoded, &get("fourth")]);
}

#[tokio::test]
async fn an_empty_first_answer_means_that_nothing_is_deployed() {
    let server = Server::with(vec![session("a"), latest("b", "15", "", ""), latest("c", "15", "", "one")]).await;
    let mut source = keyed(&server).await;
    let nothing = Fetched::Nothing { missing: "nothing is deployed".into() };
    assert_eq!(source.fetch().await.unwrap(), nothing);
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_by_a_new_session_once() {
    let script = vec![
        session("a"),
        latest("b", "15", "", "one"),
        failure(400, "BadRequestException"),
        session("c"),
        latest("d", "15", "", "two"),
        failure(400, "BadRequestException"),
        session("e"),
        failure(400, "BadRequestException"),
    ];
    let server = Server::with(script).await;
    let mut source = keyed(&server).await;
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
    assert_eq!(source.fetch().await.unwrap(), content("two", None));
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.to_string(), "`appconfig:GetLatestConfiguration` failed with status 400");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "BadRequestException: said by the test");
    let asked = server.asked();
    assert_eq!(asked[2..], [get("b"), SESSION.into(), get("c"), get("d"), SESSION.into(), get("e")]);
}

#[tokio::test]
async fn what_may_have_used_the_token_up_starts_a_new_session() {
    let truncated = answer(200, "Next-Poll-Configuration-Token: x\r\n", "half").replace("Length: 4", "Length: 400");
    let no_token = Reply::Says(answer(200, "", "one"));
    for reply in [Reply::HangsUp, Reply::Says(truncated), no_token, failure(500, "InternalServerException")] {
        let script =
            vec![session("a"), latest("b", "15", "", "one"), reply, session("c"), latest("d", "15", "", "two")];
        let server = Server::with(script).await;
        let mut source = keyed(&server).await;
        source.fetch().await.unwrap();
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.pace(), Pace::Backoff, "{error}");
        assert_eq!(source.fetch().await.unwrap(), content("two", None));
        assert_eq!(server.asked()[2..], [get("b"), SESSION.into(), get("c")]);
    }
}

#[tokio::test]
async fn what_cannot_have_used_the_token_up_keeps_it() {
    for reply in [failure(429, "ThrottlingException"), failure(403, "AccessDeniedException")] {
        let script = vec![session("a"), latest("b", "15", "", "one"), reply, latest("c", "15", "", "")];
        let server = Server::with(script).await;
        let mut source = keyed(&server).await;
        source.fetch().await.unwrap();
        source.fetch().await.unwrap_err();
        assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged);
        assert_eq!(server.asked()[2..], [get("b"), get("b")]);
    }
}

#[tokio::test]
async fn what_is_missing_is_nothing_and_not_a_failure() {
    let gone = || failure(404, "ResourceNotFoundException");
    let script =
        vec![gone(), session("a"), latest("b", "15", "", "one"), gone(), session("c"), latest("d", "15", "", "two")];
    let server = Server::with(script).await;
    let mut source = keyed(&server).await;
    let nothing = Fetched::Nothing { missing: "said by the test".into() };
    for fetched in [nothing.clone(), content("one", None), nothing, content("two", None)] {
        assert_eq!(source.fetch().await.unwrap(), fetched);
    }
}

#[tokio::test]
async fn a_denial_names_the_action_and_the_resource() {
    let denied = || failure(403, "AccessDeniedException");
    let server = Server::with(vec![denied(), session("a"), denied()]).await;
    let mut source = keyed(&server).await;
    let resource = "arn:aws:appconfig:us-east-1:*:application/shop/environment/prod/configuration/faults";
    for action in ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"] {
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{action}` on `{resource}` is denied"));
        assert_eq!(error.hint().unwrap(), format!("allow `{action}` on `{resource}` in the function's role"));
        assert_eq!(error.pace(), Pace::Slow);
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    #[derive(Debug)]
    struct Nowhere;
    impl ProvideCredentials for Nowhere {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nowhere")))
        }
    }
    let server = Server::with(vec![session("a")]).await;
    let error = source(&server.url(), Nowhere).await.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::NoCredentials { .. }), "{error:?}");
    assert_eq!(error.pace(), Pace::Slow);
    assert_eq!(server.asked(), [""; 0]);
}

#[tokio::test]
async fn without_a_region_it_is_not_known_where_to_ask() {
    let error = AppConfig::open(address(), "").fetch().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "AWS_REGION is not set, so it is not known where to ask `appconfig:shop/prod/faults`"
    );
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = source(&url, Credentials::new("AKID", "secret", None, None, "test")).await.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
    assert!(crate::telemetry::chain(&error).contains("refused"), "{}", crate::telemetry::chain(&error));
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_is_given_up() {
    let server = Server::with(vec![Reply::Silent]).await;
    let mut source = keyed(&server).await;
    let began = tokio::time::Instant::now();
    let error = source.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_sdk_is_made_without_the_network() {
    let mut source = AppConfig::open(address(), "us-east-1");
    let error = source.fetch().await;
    // With no credentials in the environment nothing is sent; with some, nothing answers as AppConfig would.
    assert!(error.is_err(), "{error:?}");
}
