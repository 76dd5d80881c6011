//! The AppConfig source against a server that answers by script and keeps what it was asked, and against the local
//! AppConfig.

mod cases;
mod identity;
mod local;
mod roads;
mod sessions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use misrule_engine::time::Timestamp;
use tokio::time::Instant;

use super::super::scripted::{Reply, Server, answer};
use super::{AppConfig, Fetched};
use crate::clock::{Clock, Moment};
use crate::settings::{
    AwsSettings, CredentialsSettings, EndpointUrl, HostedAddress, Keys, Secret, Settings, SourceAddress,
};

const SESSION: &str = "POST /configurationsessions";
/// 1 December 2026, 9:30 in UTC.
const NOW: u64 = 1_796_117_400_000;

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
    failure_with(status, code, "")
}

/// A failure with headers of its own, each with its line's end.
fn failure_with(status: u16, code: &str, headers: &str) -> Reply {
    let headers = format!("x-amzn-ErrorType: {code}\r\n{headers}");
    Reply::Says(answer(status, &headers, r#"{"Message":"said by the test"}"#))
}

/// What AppConfig says of a token, in its own words.
fn of_the_token(problem: &str) -> Reply {
    let details = format!(r#"{{"InvalidParameters":{{"ConfigurationToken":{{"Problem":"{problem}"}}}}}}"#);
    let body = format!(r#"{{"Message":"said by the test","Reason":"InvalidParameters","Details":{details}}}"#);
    Reply::Says(answer(400, "x-amzn-ErrorType: BadRequestException\r\n", &body))
}

fn keys() -> CredentialsSettings {
    CredentialsSettings::Keys(Keys { id: "AKID".into(), secret: Secret::new("hush"), session_token: None })
}

fn keyed(server: &Server) -> AppConfig {
    source(&server.url(), keys())
}

fn source(url: &str, credentials: CredentialsSettings) -> AppConfig {
    source_with(AwsSettings { credentials, ..at(url) }, &Wall::at(NOW))
}

fn source_with(aws: AwsSettings, wall: &Wall) -> AppConfig {
    AppConfig::open(address(), "us-east-1", aws, wall.clock())
}

/// This server in the service's place.
fn at(url: &str) -> AwsSettings {
    let endpoint = Some(EndpointUrl { variable: "AWS_ENDPOINT_URL", text: url.to_owned() });
    AwsSettings { endpoint, ..AwsSettings::default() }
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

/// A wall clock in the test's hand, in milliseconds since the epoch.
struct Wall(Arc<AtomicU64>);

impl Wall {
    fn at(milliseconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(milliseconds)))
    }

    fn set(&self, milliseconds: u64) {
        self.0.store(milliseconds, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let wall = Arc::clone(&self.0);
        Clock::new(move || Moment::new(Timestamp::from_milliseconds(wall.load(Ordering::SeqCst)), Instant::now()))
    }
}

/// A line of a request's head, without its name.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
