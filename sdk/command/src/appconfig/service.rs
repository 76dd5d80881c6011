//! A region's AppConfig that can be asked, and what is said while it is.

use std::cell::Cell;
use std::fmt::Display;

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_appconfig::Client;
use aws_sdk_appconfig::config::ProvideCredentials;
use tokio::sync::OnceCell;

use super::caller::Caller;
use super::connection;
use super::error::{self, AppConfigError, Call};
use crate::printer::{Printer, Progress};

/// How a service goes about its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// Whether what it says begins with its region: there are several.
    pub(super) names_region: bool,
    /// Whether calls that change something are said, not made.
    pub(super) rehearsal: bool,
}

/// What a command that ends now leaves in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It has started no deployment.
    Nothing,
    /// A deployment of this number, which AppConfig brings to its end.
    UnderWay(i32),
    /// One that has come to its end.
    Complete(i32),
}

/// A region's AppConfig.
pub(crate) struct Service<'p> {
    pub(super) client: Client,
    pub(super) endpoint: String,
    pub(super) config: SdkConfig,
    pub(super) caller: OnceCell<Option<Caller>>,
    /// The id of the strategy that does not wait.
    pub(super) immediate: OnceCell<String>,
    region: String,
    profile: Option<String>,
    printer: &'p Printer,
    manner: Manner,
    left: Cell<Left>,
    /// What is not to be left half done, as what it ends with.
    held_up_by: Cell<Option<&'static str>>,
}

impl<'p> Service<'p> {
    pub(super) fn new(
        config: SdkConfig,
        region: String,
        profile: Option<String>,
        printer: &'p Printer,
        manner: Manner,
    ) -> Self {
        let endpoint = connection::endpoint(&config).unwrap_or_else(|| format!("its endpoint in {region}"));
        Self {
            client: Client::new(&config),
            endpoint,
            config,
            caller: OnceCell::new(),
            immediate: OnceCell::new(),
            region,
            profile,
            printer,
            manner,
            left: Cell::new(Left::Nothing),
            held_up_by: Cell::new(None),
        }
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// What the command would leave here if it ended now.
    pub(crate) fn left(&self) -> Left {
        self.left.get()
    }

    /// Notes what the command would leave here.
    pub(super) fn leaves(&self, left: Left) {
        self.left.set(left);
    }

    /// What a command that is interrupted still has to wait for.
    pub(crate) fn held_up_by(&self) -> Option<&'static str> {
        self.held_up_by.get()
    }

    /// Does what is not to be left half done: an interrupted command ends once `until`.
    pub(super) async fn to_its_end<T>(&self, until: &'static str, work: impl Future<Output = T>) -> T {
        let before = self.held_up_by.get();
        self.held_up_by.set(before.or(Some(until)));
        let done = work.await;
        self.held_up_by.set(before);
        done
    }

    /// Whether calls that change something are only said.
    pub(crate) const fn rehearses(&self) -> bool {
        self.manner.rehearsal
    }

    /// Whether a call that changes something is to be made; says which it is, to stdout where it is only rehearsed.
    pub(super) fn makes(&self, call: &Call, details: impl Display) -> bool {
        let line = format!("{}: {call}: {details}", self.region);
        if self.manner.rehearsal {
            self.printer.data(line);
        } else {
            self.printer.detail(line);
        }
        !self.manner.rehearsal
    }

    /// Says what was done.
    pub(crate) fn say(&self, line: impl Display) {
        self.printer.say(self.named(line));
    }

    /// Says what was done, but may not be what was meant.
    pub(crate) fn warn(&self, line: impl Display) {
        self.printer.warn(self.named(line));
    }

    /// How far something has come.
    pub(super) fn progress(&self, what: &str) -> Progress<'_> {
        self.printer.progress(&self.named(what))
    }

    fn named(&self, line: impl Display) -> String {
        if self.manner.names_region { format!("{}: {line}", self.region) } else { line.to_string() }
    }

    /// Finds out whether there are credentials, before a call says at length that there are none.
    ///
    /// # Errors
    ///
    /// There are none, or they cannot be used.
    pub(super) async fn check_credentials(&self) -> Result<(), AppConfigError> {
        let profile = self.profile.clone();
        let Some(provider) = self.config.credentials_provider() else {
            return Err(AppConfigError::NoCredentials { profile });
        };
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(CredentialsError::CredentialsNotLoaded(_)) => Err(AppConfigError::NoCredentials { profile }),
            Err(bad) => Err(AppConfigError::BadCredentials { profile, cause: error::root_cause(&bad) }),
        }
    }
}
