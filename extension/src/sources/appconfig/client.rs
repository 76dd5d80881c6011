//! Makes the calls: finds the way, has them signed, and reads what became of them.

use std::io;
use std::time::Duration;

use misrule_engine::time::Timestamp;
use tokio::time::timeout;

use super::super::SourceError;
use super::super::exchange::{Answer, Exchange};
use super::call::{Call, Signing};
use super::credentials::{Credentials, NoKeys};
use super::endpoint::Endpoint;
use super::refusal::{Kind, Refusal};
use super::tls::{self, Tls};
use crate::clock::Clock;
use crate::settings::{AwsSettings, HostedAddress, Keys};

const CALL_TIMEOUT: Duration = Duration::from_secs(3);
const MISSING: &str = "the application, environment, profile or deployment is missing";
/// The last second of year 9999, beyond which no date can be written.
const LAST: u64 = 253_402_300_799_000;

/// AppConfig's data plane, as this environment reaches it.
pub(super) struct Client {
    address: HostedAddress,
    region: String,
    aws: AwsSettings,
    clock: Clock,
    /// How far the service's clock is ahead of ours, in milliseconds: what it said when it refused our time.
    ahead: i64,
    tls: Tls,
    credentials: Credentials,
    /// The connection of this fetch. None outlives a fetch: after a freeze it would likely be dead.
    exchange: Option<Exchange>,
}

/// What became of a call that got no answer to use.
#[derive(Debug)]
pub(super) enum Failure {
    /// The token was expired or used up, or is none: a new session may help.
    TokenRefused(String),
    /// The token is good, but it is too soon.
    TooEarly,
    /// There is no such application, environment, profile or deployment.
    Missing(String),
    /// The call was turned away before the token was looked at, or was never sent.
    Unused(SourceError),
    /// No answer that means anything; the token may be used up.
    Lost(SourceError),
}

impl Client {
    pub(super) fn new(address: HostedAddress, region: &str, aws: AwsSettings, clock: Clock) -> Self {
        let (tls, credentials) = (Tls::new(aws.certificates.clone()), Credentials::new(aws.credentials.clone()));
        Self { address, region: region.to_owned(), aws, clock, ahead: 0, tls, credentials, exchange: None }
    }

    pub(super) fn address(&self) -> &HostedAddress {
        &self.address
    }

    /// Where to ask, with whom to trust there at hand.
    pub(super) async fn endpoint(&mut self) -> Result<Endpoint, SourceError> {
        let endpoint = Endpoint::find(&self.address.to_string(), &self.region, &self.aws)?;
        if endpoint.is_https {
            self.tls.connector().await.map_err(|error| SourceError::NoRoots { source: error.into() })?;
        }
        Ok(endpoint)
    }

    pub(super) fn hang_up(&mut self) {
        self.exchange = None;
    }

    /// Nothing is kept of what copies of this process have too: keys, connections, what TLS could resume.
    pub(super) fn forget(&mut self) {
        self.hang_up();
        self.credentials.forget();
        self.tls.forget();
        self.ahead = 0;
    }

    /// Makes the call. What is refused for its signature's sake is signed once more: by the service's clock, or with
    /// other keys where they can be had.
    pub(super) async fn call(&mut self, endpoint: &Endpoint, call: Call<'_>) -> Result<Answer, Failure> {
        let answer = self.attempt(endpoint, call).await?;
        let Some(refusal) = Refusal::of(&answer) else { return Ok(answer) };
        if !self.can_mend(&refusal) {
            return Err(self.failure(call.action(), &refusal));
        }
        let answer = self.attempt(endpoint, call).await?;
        Refusal::of(&answer).map_or(Ok(answer), |refusal| Err(self.failure(call.action(), &refusal)))
    }

    fn can_mend(&mut self, refusal: &Refusal) -> bool {
        match (refusal.kind, refusal.date) {
            (Kind::Signature, Some(date)) => {
                let ours = self.clock.now().wall().as_milliseconds();
                self.ahead = date.as_milliseconds().checked_signed_diff(ours).unwrap_or(0);
                true
            }
            // Perhaps it was signed before a freeze and sent after it.
            (Kind::Signature, None) => true,
            (Kind::Keys, _) => self.credentials.forget(),
            _ => false,
        }
    }

    async fn attempt(&mut self, endpoint: &Endpoint, call: Call<'_>) -> Result<Answer, Failure> {
        let unreachable = |error| SourceError::Unreachable { action: call.action(), source: error };
        let keys = self.keys(call.action()).await.map_err(Failure::Unused)?;
        let connected = in_time(self.connected(endpoint)).await;
        let mut exchange = connected.map_err(|error| match tls::is_untrusted(&error) {
            true => Failure::Unused(SourceError::Untrusted { action: call.action(), source: error.into() }),
            false => Failure::Unused(unreachable(error.into())),
        })?;
        let by = Signing { keys: &keys, region: &self.region, at: self.now() };
        let request = call.request(endpoint, &by).map_err(|error| Failure::Unused(unreachable(error.into())))?;
        let answer = in_time(exchange.send(request)).await;
        let answer = answer.map_err(|error| Failure::Lost(unreachable(error.into())))?;
        self.exchange = Some(exchange);
        Ok(answer)
    }

    async fn keys(&mut self, action: &'static str) -> Result<Keys, SourceError> {
        let now = self.now();
        let keys = timeout(CALL_TIMEOUT, self.credentials.keys(now, &mut self.tls)).await;
        keys.unwrap_or_else(|late| Err(NoKeys::Unreachable(late.into()))).map_err(|error| match error.may_pass() {
            true => SourceError::CredentialsFailed { action, source: error.into() },
            false => SourceError::NoCredentials { action, source: error.into() },
        })
    }

    /// The connection of this fetch, or a new one.
    async fn connected(&mut self, endpoint: &Endpoint) -> io::Result<Exchange> {
        if let Some(mut exchange) = self.exchange.take()
            && exchange.is_open().await
        {
            return Ok(exchange);
        }
        self.tls.connect(endpoint).await
    }

    /// What time it is, by the service's clock as far as it is known.
    fn now(&self) -> Timestamp {
        let now = self.clock.now().wall().as_milliseconds().saturating_add_signed(self.ahead);
        Timestamp::from_milliseconds(now.min(LAST))
    }

    fn failure(&self, action: &'static str, refusal: &Refusal) -> Failure {
        let (said, retry_after, status) = (refusal.said(), refusal.retry_after, refusal.status);
        match refusal.kind {
            Kind::Missing if refusal.message.is_empty() => Failure::Missing(MISSING.to_owned()),
            Kind::Missing => Failure::Missing(refusal.message.clone()),
            Kind::TooEarly => Failure::TooEarly,
            Kind::Throttled => Failure::Unused(SourceError::Throttled { action, retry_after }),
            Kind::Denied => {
                let resource = self.address.resource(&self.region);
                Failure::Unused(SourceError::Denied { action, resource, source: said.into() })
            }
            Kind::Signature | Kind::Keys => {
                Failure::Unused(SourceError::CredentialsRefused { action, source: said.into() })
            }
            Kind::Bad => Failure::TokenRefused(said),
            Kind::Failed => Failure::Lost(SourceError::ServiceFailed { action, status, source: said.into() }),
        }
    }
}

/// What comes of this within the time that a call may take.
async fn in_time<T>(io: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CALL_TIMEOUT, io).await.unwrap_or_else(|late| Err(late.into()))
}
