//! What can go wrong between us and AppConfig, each with the call and the resource that it was about.

use std::error::Error;
use std::fmt;

use aws_sdk_appconfig::error::{ProvideErrorMetadata, SdkError};

use misrule_engine::delivery::{Form, KeyId};
use misrule_engine::experiment::{Elsewhere, ExperimentError};

use super::asking::Attempts;
use super::destination::Destination;
use super::seen::Overtaking;

/// A call and what it was about: `appconfig:StartDeployment on environment `prod``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The operation, as IAM names it behind `appconfig:`.
    pub(crate) action: &'static str,
    /// The resource, in a person's words.
    pub(crate) resource: String,
}

impl Call {
    pub(crate) fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into() }
    }

    /// Whether AppConfig may answer only after a while: it takes an upload, or asks a validator.
    pub(super) fn may_take_long(&self) -> bool {
        self.starts() || self.action == "CreateHostedConfigurationVersion"
    }

    /// Whether a deployment may have started though nobody answered.
    pub(super) fn starts(&self) -> bool {
        self.action == "StartDeployment"
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "appconfig:{} on {}", self.action, self.resource)
    }
}

/// Why something was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppConfigError {
    /// Nothing says which region.
    #[error("no AWS region is given")]
    NoRegion,
    /// What is given is none.
    #[error("{said_by} is no region: `{region}`")]
    NotARegion {
        /// The flag, or the other places that may have said it.
        said_by: &'static str,
        /// What it says.
        region: String,
    },
    /// Several endpoints, and not one for each region.
    #[error("`--endpoint-url` names {endpoints} endpoints, and the regions are {regions}")]
    EndpointCount {
        /// How many it names.
        endpoints: usize,
        /// How many regions there are.
        regions: usize,
    },
    /// Several regions, and one AppConfig behind them.
    #[error("the regions {} share one endpoint, {endpoint}, which AWS_ENDPOINT_URL or `--endpoint-url` says", regions.join(" and "))]
    OneEndpoint {
        /// Which.
        endpoint: String,
        /// Those that share it.
        regions: Vec<String>,
    },
    /// The profile is in neither of the AWS configuration files.
    #[error("there is no AWS profile `{profile}`")]
    NoProfile {
        /// The one that was named.
        profile: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// Nothing to sign with.
    #[error("no AWS credentials were found{}", of_profile(profile.as_ref()))]
    NoCredentials {
        /// The profile that was named.
        profile: Option<String>,
    },
    /// There are some, which cannot be used.
    #[error("cannot use the AWS credentials{}: {cause}", of_profile(profile.as_ref()))]
    BadCredentials {
        /// The profile that was named.
        profile: Option<String>,
        /// Why not.
        cause: String,
    },
    /// No answer.
    #[error("cannot reach AppConfig at {endpoint} for {call}: {cause}")]
    Unreachable {
        /// Where it should be.
        endpoint: String,
        /// What for.
        call: Call,
        /// Why not.
        cause: String,
    },
    /// The caller may not do this.
    #[error("access denied: {call}")]
    Denied {
        /// What.
        call: Call,
    },
    /// The service says no.
    #[error("AppConfig refuses {call}: {code}: {message}")]
    Refused {
        /// What.
        call: Call,
        /// The exception's name.
        code: String,
        /// The service's words.
        message: String,
    },
    /// The call did not work out in another way.
    #[error("{call} failed: {cause}")]
    Failed {
        /// What.
        call: Call,
        /// Why.
        cause: String,
    },
    /// There is none of this name.
    #[error("there is no {kind} `{wanted}` in {place}")]
    NotFound {
        /// application, environment or configuration profile.
        kind: &'static str,
        /// The name or id that was asked for.
        wanted: String,
        /// Where it was looked for.
        place: String,
        /// What is there.
        there: Vec<String>,
        /// Whether what was asked for would be made.
        may_be_made: bool,
    },
    /// There are several of this name.
    #[error("there are {} of the name `{wanted}` in {place}: {}", ids.len(), ids.join(", "))]
    Ambiguous {
        /// The name.
        wanted: String,
        /// Where.
        place: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// The profile's content is kept elsewhere, or is feature flags.
    #[error("configuration profile `{profile}` is {what}, so nothing can be published to it")]
    WrongProfile {
        /// Which.
        profile: String,
        /// What it is.
        what: String,
    },
    /// Another deployment is in the way.
    #[error("deployment {number} of `{profile}` is under way in environment `{environment}` ({state})")]
    UnderWay {
        /// Its number.
        number: i32,
        /// Its configuration profile.
        profile: String,
        /// Where.
        environment: String,
        /// AppConfig's word.
        state: String,
    },
    /// A halt failed.
    #[error("NOT HALTED{}: {cause}", if *.known { "" } else { ", as far as is known" })]
    Unhalted {
        /// Whether it is known that no halt is in force or on its way.
        known: bool,
        /// What went wrong.
        cause: Box<AppConfigError>,
    },
    /// A deployment is on its way, and AppConfig does not say how far.
    #[error("deployment {number} goes on, and its end is not known: {cause}")]
    Unwatched {
        /// Its number.
        number: i32,
        /// Where.
        place: String,
        /// What went wrong.
        cause: Box<AppConfigError>,
    },
    /// What was to be replaced is not there any more.
    #[error("NOT DEPLOYED: {}", by.told_of(place))]
    Overtaken {
        /// Where.
        place: String,
        /// What is there instead.
        by: Overtaking,
    },
    /// It did not come to its end.
    #[error("deployment {number} was undone ({state}){}", because(.reason.as_ref()))]
    Undone {
        /// Its number.
        number: i32,
        /// AppConfig's word.
        state: String,
        /// What its event log says.
        reason: Option<String>,
    },
    /// The account has no such deployment strategy.
    #[error("there is no deployment strategy `{wanted}` in region `{region}`")]
    NoStrategy {
        /// The name or id that was asked for.
        wanted: String,
        /// Where.
        region: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// An alarm of a region that is not published to.
    #[error("the alarm {arn} is in region `{region}`, where nothing is published")]
    AlarmElsewhere {
        /// Which.
        arn: String,
        /// Its region.
        region: String,
    },
    /// An environment has so many alarms, and no more.
    #[error("environment `{environment}` would have more than 5 alarms")]
    TooManyAlarms {
        /// Which.
        environment: String,
        /// The alarms that are there.
        there: Vec<String>,
    },
    /// The halt is deployed, and the alarms are off.
    #[error("halted, but the alarms are off the environment ({}): {cause}", alarms.join(", "))]
    AlarmsOff {
        /// Why they could not be put back.
        cause: String,
        /// Which.
        alarms: Vec<String>,
        /// The command that puts them back.
        restore: String,
    },
    /// An experiment is in force: there is nothing to resume.
    #[error("`{name}` is in force at {place}: it is not halted")]
    NotHalted {
        /// The experiment.
        name: String,
        /// Where.
        place: String,
    },
    /// Something is in force that is neither an experiment nor a halt.
    #[error("{place} is not halted: deployment {number} is in force there, and holds no experiment")]
    NoHalt {
        /// What is in force.
        number: i32,
        /// Where.
        place: String,
    },
    /// No experiment was in force before.
    #[error("no experiment was in force at {place}")]
    NothingToResume {
        /// Where.
        place: String,
    },
    /// What was halted has ended meanwhile.
    #[error("`{name}` cannot be resumed")]
    Over {
        /// The experiment.
        name: String,
        /// Why not.
        source: ExperimentError,
    },
    /// What is to be deployed here was published to other places.
    #[error("every layer here would refuse `{name}`")]
    PublishedElsewhere {
        /// The experiment.
        name: String,
        /// Why.
        source: Elsewhere,
    },
    /// What is deployed is signed, and what is published is not.
    #[error("`{name}`, which is deployed there, has a signature that names key `{key}`, and this has none")]
    Unsigned {
        /// The experiment that is deployed.
        name: String,
        /// The key that its signature names.
        key: KeyId,
    },
    /// The profile has a JSON Schema already.
    #[error("configuration profile `{profile}` has a JSON Schema for a validator that is not misrule's")]
    ForeignValidator {
        /// Which.
        profile: String,
    },
    /// A profile has experiments of one form.
    #[error("configuration profile `{profile}` has {}, and this is {}", named(*has), named(*is))]
    AnotherForm {
        /// Which.
        profile: String,
        /// The form of what is there.
        has: Form,
        /// The form of what is published.
        is: Form,
    },
}

fn named(form: Form) -> &'static str {
    match form {
        Form::Json => "plain JSON",
        Form::Bundle => "a bundle",
    }
}

fn of_profile(profile: Option<&String>) -> String {
    profile.map(|profile| format!(" for profile `{profile}`")).unwrap_or_default()
}

fn because(reason: Option<&String>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

impl AppConfigError {
    /// The same, where a deployment of this number had started.
    pub(super) fn while_watched(self, number: i32, to: &Destination) -> Self {
        match self {
            undone @ Self::Undone { .. } => undone,
            cause => Self::Unwatched { number, place: to.to_string(), cause: Box::new(cause) },
        }
    }

    /// The same, where it kept somebody from halting.
    pub(super) fn while_halting(self) -> Self {
        let known = match &self {
            Self::AlarmsOff { .. } => return self,
            Self::Unreachable { call, .. } => !call.starts(),
            Self::Unwatched { .. } => false,
            _ => true,
        };
        Self::Unhalted { known, cause: Box::new(self) }
    }

    /// Whether AppConfig says that something else is in the way.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "ConflictException")
    }

    /// The same of what is looked for, and would not be made.
    pub(super) fn of_a_search(self) -> Self {
        match self {
            Self::NotFound { kind, wanted, place, there, .. } => {
                Self::NotFound { kind, wanted, place, there, may_be_made: false }
            }
            other => other,
        }
    }
}

/// Turns what the SDK says into one clear message.
pub(super) fn explain<E, R>(endpoint: &str, call: Call, attempts: Attempts, error: &SdkError<E, R>) -> AppConfigError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    match error {
        SdkError::ServiceError(refusal) => refused(call, refusal.err()),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map_or_else(String::new, root_cause);
            AppConfigError::Unreachable { endpoint: endpoint.to_owned(), call, cause }
        }
        SdkError::TimeoutError(_) => {
            let cause = format!("no answer in {attempts}");
            AppConfigError::Unreachable { endpoint: endpoint.to_owned(), call, cause }
        }
        other => AppConfigError::Failed { call, cause: root_cause(other) },
    }
}

fn refused(call: Call, error: &impl ProvideErrorMetadata) -> AppConfigError {
    let code = error.code().unwrap_or("no code").to_owned();
    match code.as_str() {
        "AccessDeniedException" | "AccessDenied" => AppConfigError::Denied { call },
        _ => AppConfigError::Refused { call, code, message: error.message().unwrap_or("no reason given").to_owned() },
    }
}

/// The innermost cause: what the network said, without the layers between.
pub(crate) fn root_cause(error: &(impl Error + 'static)) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
