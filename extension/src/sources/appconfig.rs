//! AWS AppConfig, asked with the SDK.
//!
//! A session hands out tokens that are good for one call and for 24 hours: each answer, an empty one too, brings the
//! next token and the time to wait. A token whose answer was lost may be used up, so the session is given up with it.
//! <https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html>

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_appconfigdata::Client;
use aws_sdk_appconfigdata::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appconfigdata::operation::get_latest_configuration::GetLatestConfigurationOutput;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::http::Response;
use bytes::Bytes;

use super::{Fetched, Source, SourceError};
use crate::settings::HostedAddress;

#[cfg(test)]
mod tests;

const START: &str = "appconfig:StartConfigurationSession";
const GET: &str = "appconfig:GetLatestConfiguration";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Long enough for a session's first two calls and for a short interval; after a freeze a connection is likely dead.
const IDLE_CONNECTION: Duration = Duration::from_secs(5);
/// What AppConfig asks for unless a deployment says otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
const INTERVALS: std::ops::RangeInclusive<i32> = 1..=24 * 60 * 60;

/// A configuration profile of AWS AppConfig.
#[derive(Debug)]
pub struct AppConfig {
    address: HostedAddress,
    name: String,
    region: String,
    client: Option<Client>,
    token: Option<Token>,
    interval: Duration,
}

/// Good for one call.
#[derive(Debug)]
struct Token {
    text: String,
    /// Whether the session has not answered yet: its first empty answer means that nothing is deployed.
    first: bool,
}

impl AppConfig {
    /// A source that starts its session at the first fetch; nothing is sent yet, and no credentials are looked for.
    pub fn open(address: HostedAddress, region: &str) -> Self {
        let name = address.to_string();
        Self { address, name, region: region.to_owned(), client: None, token: None, interval: DEFAULT_INTERVAL }
    }

    async fn client(&mut self) -> Result<Client, SourceError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        if self.region.is_empty() {
            return Err(SourceError::NoRegion { name: self.name.clone() });
        }
        let region = Region::new(self.region.clone());
        // Reading root certificates takes milliseconds, which the proxy's thread does not have.
        let handle = tokio::runtime::Handle::current();
        let load = tokio::task::spawn_blocking(move || Client::new(&handle.block_on(load(region))));
        let client = load.await.map_err(|lost| SourceError::Unreachable { action: START, source: lost.into() })?;
        Ok(self.client.insert(client).clone())
    }

    async fn start_session(&self, client: &Client) -> Result<Token, Failure> {
        let HostedAddress { application, environment, profile } = &self.address;
        let call = client
            .start_configuration_session()
            .application_identifier(application)
            .environment_identifier(environment)
            .configuration_profile_identifier(profile);
        let session = call.send().await.map_err(|error| self.failure(START, error))?;
        match session.initial_configuration_token {
            Some(text) => Ok(Token { text, first: true }),
            None => Err(no_token(START)),
        }
    }

    async fn ask(&mut self, client: &Client, token: Token) -> Result<Fetched, Failure> {
        let answer = client.get_latest_configuration().configuration_token(&token.text).send().await;
        match answer.map_err(|error| self.failure(GET, error)) {
            Ok(answer) => self.accept(answer, token.first),
            Err(failure) => {
                self.token = failure.leaves_the_token_unused().then_some(token);
                Err(failure)
            }
        }
    }

    fn accept(&mut self, answer: GetLatestConfigurationOutput, first: bool) -> Result<Fetched, Failure> {
        self.interval = interval(answer.next_poll_interval_in_seconds);
        let Some(text) = answer.next_poll_configuration_token else { return Err(no_token(GET)) };
        self.token = Some(Token { text, first: false });
        let content = answer.configuration.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
        Ok(match (content.is_empty(), first) {
            (true, true) => Fetched::Nothing { missing: "nothing is deployed".to_owned() },
            (true, false) => Fetched::Unchanged,
            (false, _) => Fetched::Content {
                bytes: Bytes::from(content),
                label: answer.version_label.filter(|label| !label.is_empty()),
            },
        })
    }

    /// One fetch, with the token at hand or with a new session. The token leaves `self` for good: only an answer, or
    /// proof that it was not used, puts one back.
    async fn ask_in_session(&mut self, client: &Client) -> Result<Fetched, Failure> {
        let Some(token) = self.token.take() else { return self.ask_anew(client).await };
        match self.ask(client, token).await {
            Err(Failure::TokenRefused(_)) => self.ask_anew(client).await,
            answer => answer,
        }
    }

    async fn ask_anew(&mut self, client: &Client) -> Result<Fetched, Failure> {
        let token = self.start_session(client).await?;
        self.ask(client, token).await
    }

    fn failure<E>(&self, action: &'static str, error: SdkError<E, Response>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let status = match &error {
            SdkError::ServiceError(service) => service.raw().status().as_u16(),
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                return if status < 300 { unreachable(action, error) } else { failed(action, status, &error) };
            }
            _ if lacks_credentials(&error) => {
                return Failure::Source(SourceError::NoCredentials { action, source: error.into() });
            }
            _ => return unreachable(action, error),
        };
        match (status, error.code()) {
            (404, _) | (_, Some("ResourceNotFoundException")) => Failure::Missing(missing(&error)),
            (429, _) | (_, Some("ThrottlingException")) => Failure::Source(SourceError::Throttled { action }),
            (403, _) => {
                let resource = self.address.resource(&self.region);
                Failure::Source(SourceError::Denied { action, resource, source: said(&error) })
            }
            (400, _) if action == GET => Failure::TokenRefused(said(&error)),
            _ => failed(action, status, &error),
        }
    }
}

impl Source for AppConfig {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn fetch(&mut self) -> Result<Fetched, SourceError> {
        let client = self.client().await?;
        match self.ask_in_session(&client).await {
            Ok(fetched) => Ok(fetched),
            Err(Failure::Missing(missing)) => Ok(Fetched::Nothing { missing }),
            Err(Failure::TokenRefused(source)) => Err(SourceError::ServiceFailed { action: GET, status: 400, source }),
            Err(Failure::Source(error)) => Err(error),
        }
    }
}

/// What became of one call.
enum Failure {
    /// The token was expired, used up or too early: a new session may help.
    TokenRefused(Box<dyn std::error::Error + Send + Sync>),
    /// There is no such application, environment, profile or deployment.
    Missing(String),
    /// No answer that means anything.
    Source(SourceError),
}

impl Failure {
    /// Whether the call was turned away before the token was looked at, or was never sent.
    fn leaves_the_token_unused(&self) -> bool {
        use SourceError::{Denied, NoCredentials, Throttled};
        matches!(self, Self::Source(Throttled { .. } | Denied { .. } | NoCredentials { .. }))
    }
}

fn unreachable(action: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::Source(SourceError::Unreachable { action, source: error.into() })
}

fn failed<E>(action: &'static str, status: u16, error: &SdkError<E, Response>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    Failure::Source(SourceError::ServiceFailed { action, status, source: said(error) })
}

fn no_token(action: &'static str) -> Failure {
    unreachable(action, "the answer holds no token")
}

/// The service's own words: its error's code and message.
fn said<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Box<dyn std::error::Error + Send + Sync> {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}").into(),
        (Some(word), None) | (None, Some(word)) => word.into(),
        (None, None) => "the answer does not say why".into(),
    }
}

fn missing<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> String {
    error
        .message()
        .map_or_else(|| "the application, environment, profile or deployment is missing".to_owned(), str::to_owned)
}

fn lacks_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(credentials) = inner.downcast_ref::<CredentialsError>() {
            return matches!(
                credentials,
                CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)
            );
        }
        cause = inner.source();
    }
    false
}

/// What the service asks for, within a second and a day; where it does not say, its own default.
fn interval(seconds: i32) -> Duration {
    let clamped = seconds.clamp(*INTERVALS.start(), *INTERVALS.end());
    if seconds <= 0 { DEFAULT_INTERVAL } else { Duration::from_secs(u64::from(clamped.unsigned_abs())) }
}

/// Credentials come from the two places where Lambda puts them, not from the SDK's whole chain: its last resort is a host
/// that no function can reach. AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_APPCONFIGDATA are honoured.
async fn load(region: Region) -> SdkConfig {
    let container = ProviderConfig::without_region().with_http_client(http_client());
    let container = EcsCredentialsProvider::builder().configure(&container).connect_timeout(CONNECT_TIMEOUT).build();
    let credentials = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new());
    loader(region, credentials.or_else("Container", container)).load().await
}

/// The SDK's configuration. Its retries are off, for [`control`](crate::control) paces attempts itself.
fn loader(region: Region, credentials: impl ProvideCredentials + 'static) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client())
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .pool_idle_timeout(IDLE_CONNECTION)
        .build_https()
}
