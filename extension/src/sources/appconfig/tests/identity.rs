//! Who asks: signatures, clocks, credentials, and that none of it is told.

use std::sync::Mutex;

use tracing::span;

use super::super::super::Pace;
use super::super::call::{Call, Signing};
use super::super::endpoint::Endpoint;
use super::*;
use crate::settings::{Authorization, ContainerCredentials};
use crate::sources::{Source as _, SourceError};
use crate::telemetry::chain;

const HOUR: u64 = 60 * 60 * 1000;

fn example(session_token: Option<&str>) -> Keys {
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    Keys { id: "AKIDEXAMPLE".into(), secret, session_token: session_token.map(Secret::new) }
}

fn authorization(call: Call<'_>, keys: &Keys) -> String {
    let endpoint = Endpoint::parse("https://appconfigdata.eu-west-3.amazonaws.com").unwrap();
    let by = Signing { keys, region: "eu-west-3", at: Timestamp::from_milliseconds(NOW) };
    let request = call.request(&endpoint, &by).unwrap();
    assert_eq!(request.headers()["x-amz-date"], "20261201T093000Z");
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

/// What botocore 1.44.5 signs for the same request at the same instant, but for the user agent, which it leaves out too.
#[test]
fn a_signature_is_the_one_that_awss_python_client_makes() {
    let address = address();
    let start = || Call::Start(&address);
    let get = Call::Get { token: "third+/= ~-_." };
    for (call, token, signed, signature) in [
        (
            start(),
            None,
            "content-type;host;x-amz-date",
            "148bdf60eda9689f98b57ffcca08057174ea0965d7d35a2e5d34b33222528edf",
        ),
        (
            start(),
            Some("session+/="),
            "content-type;host;x-amz-date;x-amz-security-token",
            "1f27ffe9dd072ccf7c45b50431b4d3204ce994c939190ffbe6db8e2dd5ba8218",
        ),
        (
            get,
            Some("session+/="),
            "host;x-amz-date;x-amz-security-token",
            "de23d71ed16aa5a14700f4ed81f66c690e3b439a45036fab4496a053230e4aa8",
        ),
    ] {
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261201/eu-west-3/appconfig/aws4_request";
        let expected = format!("{scope}, SignedHeaders={signed}, Signature={signature}");
        assert_eq!(authorization(call, &example(token)), expected);
    }
}

#[tokio::test]
async fn a_time_that_is_refused_is_read_from_the_refusal_and_signed_once_more() {
    for code in ["RequestExpired", "InvalidSignatureException"] {
        let refused = || failure_with(403, code, "Date: Tue, 01 Dec 2026 10:30:00 GMT\r\n");
        let script = vec![refused(), session("a"), latest("b", "15", "", "one"), refused(), latest("c", "15", "", "")];
        let server = Server::with(script).await;
        let wall = Wall::at(NOW);
        let mut source = source_with(AwsSettings { credentials: keys(), ..at(&server.url()) }, &wall);
        assert_eq!(source.fetch().await.unwrap(), content("one", None), "{code}");
        wall.set(NOW + 5 * HOUR);
        assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged, "the token is still good");
        let heads = server.heads();
        let dates: Vec<_> = heads.iter().map(|head| header(head, "x-amz-date").unwrap()).collect();
        let [own, told] = ["20261201T093000Z", "20261201T103000Z"];
        assert_eq!(dates, [own, told, told, "20261201T153000Z", told], "{code}");
    }
}

#[tokio::test]
async fn a_signature_that_is_refused_twice_is_a_failure_that_repeats_no_secret() {
    let said = r#"{"message":"The Canonical String should have been 'x-amz-security-token:hush'"}"#;
    let refused = || Reply::Says(answer(403, "x-amzn-ErrorType: InvalidSignatureException\r\n", said));
    let server = Server::with(vec![refused(), refused()]).await;
    let error = keyed(&server).fetch().await.unwrap_err();
    assert_eq!(
        chain(&error),
        "the AWS credentials to call `appconfig:StartConfigurationSession` with are refused: InvalidSignatureException"
    );
    assert_eq!(error.pace(), Pace::Slow);
    assert_eq!(server.asked().len(), 2);
}

/// The server of credentials in SnapStart, and how it is asked.
fn container(server: &Server, authorization: Authorization) -> CredentialsSettings {
    let uri = format!("{}/2021-04-23/credentials?v=1", server.url());
    CredentialsSettings::Container(ContainerCredentials { uri, authorization })
}

fn given(id: &str, expiration: &str) -> Reply {
    let secrets = format!(r#""SecretAccessKey":"hush","Token":"{id}-token""#);
    let body = format!(r#"{{"Code":"Success","AccessKeyId":"{id}",{secrets},"Expiration":"{expiration}"}}"#);
    Reply::Says(answer(200, "Content-Type: application/json\r\n", &body))
}

#[tokio::test]
async fn credentials_of_a_container_are_fetched_again_before_they_expire() {
    let giver =
        Server::with(vec![given("FIRST", "2026-12-01T10:30:00Z"), given("SECOND", "2026-12-01T11:30:00Z")]).await;
    let script = vec![session("a"), latest("b", "15", "", "one"), latest("c", "15", "", ""), latest("d", "15", "", "")];
    let server = Server::with(script).await;
    let (wall, credentials) = (Wall::at(NOW), container(&giver, Authorization::Token(Secret::new("whose"))));
    let mut source = source_with(AwsSettings { credentials, ..at(&server.url()) }, &wall);
    for milliseconds in [NOW, NOW + HOUR - 61_000, NOW + HOUR - 60_000] {
        wall.set(milliseconds);
        source.fetch().await.unwrap();
    }
    let heads = server.heads();
    let tokens: Vec<_> = heads.iter().map(|head| header(head, "x-amz-security-token").unwrap()).collect();
    assert_eq!(tokens, ["FIRST-token", "FIRST-token", "FIRST-token", "SECOND-token"]);
    assert!(heads[3].contains("Credential=SECOND/20261201/us-east-1/appconfig/"), "{}", heads[3]);
    for asked in giver.heads() {
        assert!(asked.starts_with("GET /2021-04-23/credentials?v=1 "), "{asked}");
        assert_eq!(header(&asked, "authorization"), Some("whose"));
    }
}

#[tokio::test]
async fn keys_in_their_last_minute_are_used_where_no_others_can_be_had_and_not_beyond() {
    let giver = Server::with(vec![given("FIRST", "2026-12-01T10:30:00Z"), Reply::HangsUp, Reply::HangsUp]).await;
    let server = Server::with(vec![session("a"), latest("b", "15", "", "one"), latest("c", "15", "", "")]).await;
    let (wall, credentials) = (Wall::at(NOW), container(&giver, Authorization::Absent));
    let mut source = source_with(AwsSettings { credentials, ..at(&server.url()) }, &wall);
    source.fetch().await.unwrap();
    wall.set(NOW + HOUR - 1);
    assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged);
    wall.set(NOW + HOUR);
    let error = source.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::CredentialsFailed { .. }), "{error:?}");
    assert_eq!(error.pace(), Pace::Backoff);
}

#[tokio::test]
async fn keys_that_are_over_are_replaced_at_once_where_others_can_be_had() {
    let over = || failure(403, "ExpiredTokenException");
    let giver =
        Server::with(vec![given("FIRST", "2026-12-01T10:30:00Z"), given("SECOND", "2026-12-01T11:30:00Z")]).await;
    let server = Server::with(vec![over(), session("a"), latest("b", "15", "", "one")]).await;
    let mut source = source(&server.url(), container(&giver, Authorization::Absent));
    assert_eq!(source.fetch().await.unwrap(), content("one", None));

    let server = Server::with(vec![over()]).await;
    let error = keyed(&server).fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::CredentialsRefused { .. }), "{error:?}");
    assert_eq!(server.asked(), [SESSION], "the environment's keys are the only ones");
}

#[tokio::test]
async fn after_a_restore_the_credentials_are_others() {
    let giver =
        Server::with(vec![given("FIRST", "2026-12-01T10:30:00Z"), given("SECOND", "2026-12-01T10:30:00Z")]).await;
    let fetch = || [session("a"), latest("b", "15", "", "one")];
    let server = Server::with(fetch().into_iter().chain(fetch()).collect()).await;
    let mut source = source(&server.url(), container(&giver, Authorization::Absent));
    source.fetch().await.unwrap();
    source.forget();
    source.fetch().await.unwrap();
    assert_eq!(header(&server.heads()[3], "x-amz-security-token"), Some("SECOND-token"));
}

#[tokio::test]
async fn the_token_for_the_container_may_stand_in_a_file_that_changes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let giver =
        Server::with(vec![given("FIRST", "2026-12-01T10:30:00Z"), given("SECOND", "2026-12-01T10:30:00Z")]).await;
    let fetch = || [session("a"), latest("b", "15", "", "one")];
    let server = Server::with(fetch().into_iter().chain(fetch()).collect()).await;
    let mut source = source(&server.url(), container(&giver, Authorization::File(file.path().to_owned())));
    for token in ["one", "two"] {
        std::fs::write(file.path(), format!("{token}\n")).unwrap();
        source.forget();
        source.fetch().await.unwrap();
        assert_eq!(header(&giver.heads()[0], "authorization"), Some(token));
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let gone = ContainerCredentials {
        uri: "http://127.0.0.1:1/".into(),
        authorization: Authorization::File("/no/such".into()),
    };
    let stranger = ContainerCredentials { uri: "http://example.com/keys".into(), authorization: Authorization::Absent };
    let split = Keys { id: "AKID".into(), secret: Secret::new("hu\nsh"), session_token: None };
    for (credentials, reason) in [
        (CredentialsSettings::Absent, "neither AWS_ACCESS_KEY_ID"),
        (CredentialsSettings::Container(gone), "`/no/such`, which cannot be read"),
        (CredentialsSettings::Container(stranger), "AWS_CONTAINER_CREDENTIALS_FULL_URI is no https:// address"),
        (CredentialsSettings::Keys(split), "characters that no header may"),
    ] {
        let server = Server::with(vec![session("a")]).await;
        let error = source(&server.url(), credentials).fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::NoCredentials { .. }), "{error:?}");
        assert!(chain(&error).contains(reason), "{}", chain(&error));
        assert_eq!(error.pace(), Pace::Slow);
        assert_eq!(server.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn a_server_of_credentials_that_gives_none_is_told_without_its_words() {
    let says = |status, body| Reply::Says(answer(status, "", body));
    for (reply, reason) in [
        (says(403, "hush"), "answers with status 403"),
        (says(200, r#"{"AccessKeyId":"hush"}"#), "answers with something else"),
        (says(200, "hush"), "answers with something else"),
        (Reply::HangsUp, "gives no answer"),
    ] {
        let giver = Server::with(vec![reply]).await;
        let error = source("http://127.0.0.1:1", container(&giver, Authorization::Absent)).fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::CredentialsFailed { .. }), "{error:?}");
        let told = chain(&error);
        assert!(told.contains(reason) && !told.contains("hush") && !format!("{error:?}").contains("hush"), "{told}");
    }
}

/// Keeps whatever anybody traces.
#[derive(Default)]
struct Eavesdropper(Mutex<String>);

impl tracing::Subscriber for Eavesdropper {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut |_: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            self.0.lock().unwrap().push_str(&format!("{value:?}\n"));
        });
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn whatever_is_traced_no_token_is_in_it() {
    let heard = Arc::new(Eavesdropper::default());
    let guard = tracing::subscriber::set_default(Arc::clone(&heard));
    tracing::trace!("the eavesdropper hears");
    let server = Server::with(vec![session("good-for-one-call"), latest("good-for-another", "15", "", "one")]).await;
    let credentials = CredentialsSettings::Keys(example(Some("hush")));
    let mut source = source(&server.url(), credentials);
    source.fetch().await.unwrap();
    tracing::trace!(source = ?source, "what a careless line would show");
    drop(guard);
    let heard = heard.0.lock().unwrap().clone();
    assert!(heard.contains("the eavesdropper hears") && heard.contains("AppConfig("), "{heard}");
    for secret in ["hush", "good-for", "wJalr"] {
        assert!(!heard.contains(secret), "{heard}");
    }
}
