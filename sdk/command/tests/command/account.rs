//! The command against a local AppConfig.

use std::future::Future;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_appconfig::Client;
use aws_sdk_appconfig::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_appconfig::primitives::Blob;
use misrule_engine::digest::Digest;
use misrule_engine::time::Timestamp;
use misrule_local::appconfig::{AppConfig, Place};

use crate::session::{Run, Session};

/// An experiment of ready-made policies, of which each publishing makes another version: it ends an hour later.
pub(crate) const OUTAGE: &str = r#"
name = "outage"
duration = "1h"
[blast_radius]
functions = ["shop-*"]
[[policy]]
use = "path-outage"
settings = { paths = ["/checkout/**"] }
"#;

/// As [`OUTAGE`], ending at an instant: it is the same bytes whenever it is published.
pub(crate) fn until() -> String {
    #[expect(clippy::disallowed_methods, reason = "experiments end at real instants")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let end = Timestamp::from_milliseconds(0).plus(since).plus(Duration::from_secs(3600));
    OUTAGE.replace("duration = \"1h\"", &format!("expires = {end}"))
}

/// Sends a signal (`INT` is Ctrl-C's) to a program.
pub(crate) fn send(signal: &str, child: &Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
}

/// A session with credentials, and a local AppConfig that has `shop/prod/chaos`.
pub(crate) struct Account {
    pub(crate) appconfig: AppConfig,
    pub(crate) place: Place,
    pub(crate) session: Arc<Session>,
}

impl Account {
    pub(crate) async fn of(session: Session) -> Self {
        let appconfig = AppConfig::serve().await.unwrap();
        Self::beside(appconfig, session, None)
    }

    /// As [`of`](Self::of), but the session is told of another endpoint.
    pub(crate) async fn at(session: Session, endpoint: &str) -> Self {
        Self::beside(AppConfig::serve().await.unwrap(), session, Some(endpoint))
    }

    pub(crate) fn beside(appconfig: AppConfig, session: Session, endpoint: Option<&str>) -> Self {
        let place = appconfig.create("shop", "prod", "chaos");
        let endpoint = endpoint.map_or_else(|| appconfig.endpoint(), str::to_owned);
        let session = session.with("AWS_ACCESS_KEY_ID", "key").with("AWS_SECRET_ACCESS_KEY", "secret");
        let session = session.with("AWS_REGION", "eu-west-3").with("AWS_ENDPOINT_URL", endpoint);
        Self { appconfig, place, session: Arc::new(session) }
    }

    pub(crate) async fn misrule(&self, arguments: &str) -> String {
        let (session, arguments) = (Arc::clone(&self.session), arguments.to_owned());
        let told = tokio::task::spawn_blocking(move || session.misrule(&arguments)).await.unwrap();
        told.replace(&self.appconfig.endpoint(), "http://localhost")
    }

    /// Runs the command, and sends it a signal once something has happened.
    pub(crate) async fn signalled(&self, signal: &str, arguments: &str, happened: impl Future<Output = ()>) -> String {
        let child = self.session.start(arguments);
        happened.await;
        send(signal, &child);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        Run::of(output).told()
    }

    pub(crate) fn client(&self) -> Client {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_appconfig::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new("eu-west-3")).endpoint_url(self.appconfig.endpoint()).http_client(http);
        let credentials = Credentials::new("key", "secret", None, None, "test");
        Client::from_conf(config.credentials_provider(credentials).build())
    }

    /// The media type, description and bytes of a version.
    pub(crate) async fn version(&self, number: i32) -> (String, String, Vec<u8>) {
        let request = self.client().get_hosted_configuration_version().application_id(&self.place.application);
        let request = request.configuration_profile_id(&self.place.profile).version_number(number);
        let held = request.send().await.unwrap();
        (held.content_type.unwrap(), held.description.unwrap(), held.content.unwrap().into_inner())
    }

    /// The digest of a version.
    pub(crate) async fn digest(&self, number: i32) -> Digest {
        Digest::of(&self.version(number).await.2)
    }

    /// The alarms of the environment.
    pub(crate) async fn alarms(&self) -> Vec<String> {
        let request = self.client().get_environment().application_id(&self.place.application);
        let environment = request.environment_id(&self.place.environment).send().await.unwrap();
        environment.monitors().iter().map(|monitor| monitor.alarm_arn().to_owned()).collect()
    }

    /// Starts a deployment of the first version that takes 20 minutes.
    pub(crate) async fn deploy_slowly(&self, place: &Place) {
        let request = self.client().create_hosted_configuration_version().application_id(&place.application);
        let request = request.configuration_profile_id(&place.profile).content_type("text/plain");
        request.content(Blob::new("x")).send().await.unwrap();
        self.start_slowly(place, "1").await;
    }

    /// Starts a deployment of this version that takes 20 minutes.
    pub(crate) async fn start_slowly(&self, place: &Place, version: &str) {
        let request = self.client().start_deployment().application_id(&place.application);
        let request = request.environment_id(&place.environment).configuration_profile_id(&place.profile);
        let request =
            request.deployment_strategy_id("AppConfig.Canary10Percent20Minutes").configuration_version(version);
        request.send().await.unwrap();
    }
}
