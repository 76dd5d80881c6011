//! The agent's source against a server that answers by script and keeps what it was asked.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::limits::DELIVERY_BYTES;
use misrule_local::port;
use tokio::net::TcpListener;

use super::super::Pace;
use super::super::scripted::{Reply, Server, answer};
use super::{Agent, Fetched, Source, SourceError};
use crate::settings::{Settings, SourceAddress};

fn source(place: &str, port: u16) -> Agent {
    let (settings, _) = Settings::read(|name| match name {
        "MISRULE_SOURCE" => Some(format!("agent:{place}")),
        "AWS_APPCONFIG_EXTENSION_HTTP_PORT" => Some(port.to_string()),
        _ => None,
    });
    let Some(SourceAddress::Agent(address)) = settings.source else { panic!("an agent source is one") };
    Agent::open(address)
}

async fn scripted(script: Vec<Reply>) -> (Server, Agent) {
    let server = Server::with(script).await;
    let agent = source("shop/prod/faults", server.address.port());
    (server, agent)
}

fn says(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Says(answer(status, headers, body))
}

fn content(body: &'static str, label: Option<&str>) -> Fetched {
    Fetched::Content { bytes: Bytes::from_static(body.as_bytes()), label: label.map(str::to_owned) }
}

fn nothing(missing: &str) -> Fetched {
    Fetched::Nothing { missing: missing.to_owned() }
}

#[tokio::test]
async fn what_is_deployed_changes_comes_back_and_goes_is_followed_by_its_digest() {
    let rows = [
        (says(200, "Content-Type: application/json\r\nConfiguration-Version: 1\r\n", "one"), content("one", None)),
        (says(200, "Configuration-Version: 2\r\n", "one"), Fetched::Unchanged),
        (says(200, "Version-Label: v3\r\n", "two"), content("two", Some("v3"))),
        (says(200, "", "one"), content("one", None)),
        (
            says(404, "", "ResourceNotFoundException: no such environment\n"),
            nothing("ResourceNotFoundException: no such environment"),
        ),
        (says(200, "", "one"), content("one", None)),
        (says(200, "", ""), nothing("nothing is deployed")),
        (says(200, "", "one"), content("one", None)),
    ];
    let (server, mut agent) = scripted(rows.iter().map(|(reply, _)| reply.clone()).collect()).await;
    for (_, fetched) in &rows {
        assert_eq!(agent.fetch().await.unwrap(), *fetched);
    }
    let asked = "GET /applications/shop/environments/prod/configurations/faults";
    assert_eq!(server.asked(), vec![asked; rows.len()]);
    assert_eq!((agent.name(), agent.interval()), ("agent:shop/prod/faults", Duration::from_secs(5)));
}

#[tokio::test]
async fn names_are_encoded_each_as_one_segment() {
    let server = Server::with(vec![says(200, "", "one")]).await;
    source("my shop/prod?x=1/fäults%2F", server.address.port()).fetch().await.unwrap();
    let asked = "GET /applications/my%20shop/environments/prod%3Fx%3D1/configurations/f%C3%A4ults%252F";
    assert_eq!(server.asked(), [asked]);
}

#[tokio::test]
async fn a_failure_is_told_in_the_agents_words() {
    let long = "x".repeat(1000);
    for (status, body, told) in [
        (400, "BadRequestException: the profile is none", "BadRequestException: the profile is none"),
        (500, "InternalServerException", "InternalServerException"),
        (502, " \n", "the agent does not say why"),
        (500, &long, &long[..300]),
    ] {
        let (_server, mut agent) = scripted(vec![says(status, "", body), says(200, "", "one")]).await;
        let error = agent.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), format!("the AppConfig agent failed with status {status}"));
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), told);
        assert_eq!(error.pace(), Pace::Backoff);
        assert_eq!(agent.fetch().await.unwrap(), content("one", None), "a failure leaves nothing behind");
    }
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let truncated = Reply::Says(answer(200, "", "half").replace("Length: 4", "Length: 400"));
    for reply in [Reply::HangsUp, truncated] {
        let (_server, mut agent) = scripted(vec![reply]).await;
        let error = agent.fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::AgentUnreachable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_delivery_without_end_is_cut_just_past_the_limit() {
    let (_server, mut agent) = scripted(vec![says(200, "", &"x".repeat(DELIVERY_BYTES.size() * 2))]).await;
    let Fetched::Content { bytes, .. } = agent.fetch().await.unwrap() else { panic!("it is content") };
    assert_eq!(bytes.len(), DELIVERY_BYTES.size() + 1);
}

#[tokio::test]
async fn an_agent_that_starts_after_the_layer_is_waited_for() {
    let port = port::free().unwrap();
    let mut agent = source("shop/prod/faults", port);
    let (fetched, _server) = tokio::join!(agent.fetch(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Server::on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap(), vec![says(200, "", "one")])
    });
    assert_eq!(fetched.unwrap(), content("one", None));
}

#[tokio::test]
async fn where_no_agent_comes_the_port_and_the_next_step_are_named() {
    let port = port::free().unwrap();
    let error = source("shop/prod/faults", port).fetch().await.unwrap_err();
    assert_eq!(error.to_string(), format!("the AppConfig agent on port {port} gives no answer"));
    assert!(crate::telemetry::chain(&error).contains("refused"), "{}", crate::telemetry::chain(&error));
    assert!(error.hint().unwrap().contains("AWS-AppConfig-Extension"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_answer_is_waited_for_and_a_silent_agent_given_up() {
    let (_server, mut agent) = scripted(vec![Reply::Silent]).await;
    let began = tokio::time::Instant::now();
    let error = agent.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::AgentUnreachable { .. }), "{error:?}");
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(3) && waited < Duration::from_secs(10), "{waited:?}");
}
