//! A local AWS AppConfig: both planes on one loopback port, for the calls that Misrule makes.
//!
//! It is strict where clients get it wrong: a configuration token works once, polling early is refused, an unchanged
//! configuration is an empty body, a second deployment waits for the first. Requests must be signed for `appconfig`;
//! the signature itself is not verified.
//!
//! Single calls of the data plane go wrong where a test says so:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use misrule_local::appconfig::{AppConfig, DataCall, Disturbance, TokenProblem};
//!
//! let appconfig = AppConfig::serve().await?;
//! appconfig.data().next(DataCall::GetLatestConfiguration, Disturbance::DropAfter);
//! appconfig.data().next(DataCall::GetLatestConfiguration, Disturbance::Token(TokenProblem::Expired));
//! assert_eq!(appconfig.data().pending(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use misrule_local::appconfig::AppConfig;
//!
//! let appconfig = AppConfig::serve().await?;
//! let place = appconfig.create("shop", "staging", "misrule");
//! assert_eq!(appconfig.deploy(&place, "application/json", r#"{"halt":true}"#), 1);
//! assert_eq!(appconfig.calls("GetLatestConfiguration"), 0);
//! # Ok(())
//! # }
//! ```

mod agent;
mod alarms;
mod builder;
mod clock;
mod control;
mod data;
mod deployment;
mod disturbance;
mod local;
mod refusal;
mod request;
mod rollout;
mod schema;
mod serve;
mod store;
mod strategy;
mod validation;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

pub use agent::Agent;
pub use alarms::AlarmState;
pub use builder::AppConfigBuilder;
pub use clock::Clock;
pub use disturbance::{DataCall, DataPlane, Disturbance, TokenProblem};

use crate::wire::Server;
use store::Store;

/// Both planes of AppConfig, until dropped.
pub struct AppConfig {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    store: Mutex<Store>,
    behaviour: Mutex<BTreeMap<Plane, Behaviour>>,
    calls: watch::Sender<BTreeMap<&'static str, u64>>,
}

/// One of AppConfig's two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plane {
    /// `appconfig`: what publishes.
    Control,
    /// `appconfigdata`: what is polled.
    Data,
}

/// How a plane answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// As the service does.
    #[default]
    Normal,
    /// Each call fails with this status and the service's exception for it.
    Status(u16),
    /// Calls are read and never answered.
    Hang,
    /// Connections are closed where an answer should be.
    Refuse,
    /// The answer is not HTTP.
    Garbage,
}

/// What a client gets where nothing has been deployed yet. The service's documentation leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NothingDeployed {
    /// 404 with the resource type `Deployment`.
    #[default]
    NotFound,
    /// An empty first body.
    Empty,
}

/// A configuration profile in an environment of an application, by ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The application's id.
    pub application: String,
    /// The environment's id.
    pub environment: String,
    /// The configuration profile's id.
    pub profile: String,
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn behaviour(&self, plane: Plane) -> Behaviour {
        let behaviour = self.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        behaviour.get(&plane).copied().unwrap_or_default()
    }

    fn count(&self, operation: &'static str) {
        self.calls.send_modify(|calls| *calls.entry(operation).or_default() += 1);
    }
}

impl AppConfig {
    /// Serves an account with nothing in it but the predefined deployment strategies, on a free port and by the
    /// machine's clock.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn serve() -> io::Result<Self> {
        Self::builder().serve().await
    }

    /// The same with settings of your own.
    pub fn builder() -> AppConfigBuilder {
        AppConfigBuilder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The endpoint URL for both services.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Makes an application, an environment and a hosted profile of these names, where they are not there.
    pub fn create(&self, application: &str, environment: &str, profile: &str) -> Place {
        self.shared.store().create(application, environment, profile)
    }

    /// Makes a configuration version and deploys it at once, whatever is under way; its number.
    pub fn deploy(&self, place: &Place, content_type: &str, content: impl Into<Bytes>) -> u64 {
        self.shared.store().deploy_at_once(place, content_type, content.into())
    }

    /// The interval that clients are told to poll at, whatever they asked for. By default it is what they asked for,
    /// and 60 s where they did not ask.
    pub fn set_poll_interval(&self, interval: Duration) {
        self.shared.store().poll_interval = Some(interval);
    }

    /// What clients get where nothing is deployed.
    pub fn set_nothing_deployed(&self, nothing: NothingDeployed) {
        self.shared.store().nothing_deployed = nothing;
    }

    /// How a plane answers from now on.
    pub fn set_behaviour(&self, plane: Plane, behaviour: Behaviour) {
        self.shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner).insert(plane, behaviour);
    }

    /// Moves its clock on: tokens age, deployments proceed, the poll interval passes.
    pub fn advance(&self, by: Duration) {
        self.shared.store().clock.advance(by);
    }

    /// Sets the state of a CloudWatch alarm. Where it fires, what is under way in the environments that it monitors is
    /// rolled back, and so is what starts there later.
    pub fn set_alarm(&self, arn: &str, state: AlarmState) {
        self.shared.store().set_alarm(arn.to_owned(), state);
    }

    /// The Lambda function that validators of this ARN call. It gets the event that AppConfig sends; its error is what
    /// the validation fails with. A validator whose function there is not fails.
    pub fn set_lambda_validator(
        &self,
        arn: &str,
        function: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.shared.store().functions.insert(arn.to_owned(), Box::new(function));
    }

    /// Its data plane, where single calls can be made to go wrong.
    pub fn data(&self) -> DataPlane<'_> {
        DataPlane(&self.shared)
    }

    /// How often an operation was called, refused calls included; `ListApplications` and the like.
    pub fn calls(&self, operation: &str) -> u64 {
        self.shared.calls.borrow().get(operation).copied().unwrap_or_default()
    }

    /// Waits until an operation has been called this often.
    pub async fn until_calls(&self, operation: &str, count: u64) {
        let mut calls = self.shared.calls.subscribe();
        // The sender lives as long as this value.
        let _ = calls.wait_for(|calls| calls.get(operation).copied().unwrap_or_default() >= count).await;
    }

    /// How many configurations clients have received: answers with a body, which is what the service charges for.
    pub fn received(&self) -> u64 {
        self.shared.store().received
    }
}
