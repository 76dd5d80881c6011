//! How long an answer is waited for, and what is said meanwhile.

use std::error::Error;
use std::fmt::{self, Display};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_appconfig::config;
use aws_sdk_appconfig::error::{ProvideErrorMetadata, SdkError};

use super::error::{AppConfigError, Call, explain};
use super::service::Service;

/// For a connection; the SDK's own default.
const CONNECTION: Duration = Duration::from_millis(3100);
/// For one attempt of a call: AppConfig answers in well under a second.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The same where up to 1 MB is uploaded, or AppConfig asks a validator first: it gives a Lambda function 15 seconds
/// (<https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-profile-validators.html>).
const LONG_ATTEMPT: Duration = Duration::from_secs(20);
/// Until it is said that there is no answer yet.
const SILENCE: Duration = Duration::from_secs(3);
/// How often the SDK attempts a call, where neither AWS_MAX_ATTEMPTS nor the AWS profile says so.
const ATTEMPTS: u32 = 3;

/// What every call is held to.
pub(super) fn limits() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECTION).operation_attempt_timeout(ATTEMPT).build()
}

/// What a call is held to that may take longer.
pub(super) fn longer() -> config::Builder {
    let limits = TimeoutConfig::builder().connect_timeout(CONNECTION).operation_attempt_timeout(LONG_ATTEMPT);
    config::Config::builder().timeout_config(limits.build())
}

/// How often an answer is waited for, and how long each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempts {
    count: u32,
    each: Duration,
}

impl Display for Attempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 { "attempt" } else { "attempts" };
        write!(formatter, "{} {noun} of {} s", self.count, self.each.as_secs())
    }
}

impl Service<'_> {
    /// Waits for the answer to a call, and says so where it does not come soon.
    ///
    /// # Errors
    ///
    /// What AppConfig or the network says, in our words.
    pub(super) async fn ask<T, E, R>(
        &self,
        call: Call,
        asking: impl Future<Output = Result<T, SdkError<E, R>>>,
    ) -> Result<T, AppConfigError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug + 'static,
    {
        let attempts = self.attempts(if call.may_take_long() { LONG_ATTEMPT } else { ATTEMPT });
        let answer = self.patiently(format_args!("{} for {call}", self.endpoint), attempts, asking).await;
        answer.map_err(|error| explain(&self.endpoint, call, attempts, &error))
    }

    /// The same of another service's call, whose failure is for the caller to judge.
    pub(super) async fn ask_of<T>(&self, whom: &str, asking: impl Future<Output = T>) -> T {
        self.patiently(format_args!("{whom}"), self.attempts(ATTEMPT), asking).await
    }

    fn attempts(&self, each: Duration) -> Attempts {
        Attempts { count: self.config.retry_config().map_or(ATTEMPTS, RetryConfig::max_attempts), each }
    }

    async fn patiently<T>(&self, whom: fmt::Arguments<'_>, attempts: Attempts, asking: impl Future<Output = T>) -> T {
        let mut asking = pin!(asking);
        match tokio::time::timeout(SILENCE, &mut asking).await {
            Ok(answer) => answer,
            Err(_) => {
                self.warn(format_args!("no answer yet from {whom}: it is given up after {attempts}"));
                asking.await
            }
        }
    }
}
