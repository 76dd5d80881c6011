//! What can go wrong between us and AppConfig, each with the call and the resource that it was about.

use std::error::Error;
use std::fmt;

use aws_sdk_appconfig::error::{ProvideErrorMetadata, SdkError};

use misrule_engine::delivery::{Form, KeyId};
use misrule_engine::experiment::{Elsewhere, ExperimentError};

use super::seen::Overtaking;
use crate::failure::Explain;

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
    /// The halt still has to wait for another deployment.
    #[error("NOT HALTED: {0}")]
    NotHaltedYet(Box<AppConfigError>),
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

impl Explain for AppConfigError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRegion => "give `--region`, or set AWS_REGION".to_owned(),
            Self::NotARegion { .. } => "give a region's code, for example us-east-1".to_owned(),
            Self::EndpointCount { .. } => "name one for each region, in their order".to_owned(),
            Self::OneEndpoint { .. } => "what is absent would be made once for each, under one name: leave the endpoint \
                                         out, and each region has its own; or name one for each: `--endpoint-url URL,URL`"
                .to_owned(),
            Self::NoProfile { there, .. } if there.is_empty() => {
                "the AWS configuration files have none: `aws configure` makes one".to_owned()
            }
            Self::NoProfile { there, .. } => format!("there is: {}", there.join(", ")),
            Self::NoCredentials { .. } | Self::BadCredentials { .. } => {
                "log in (`aws sso login`), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an `--aws-profile`"
                    .to_owned()
            }
            Self::Unreachable { .. } => "check `--region`, `--endpoint-url` and the network".to_owned(),
            Self::Denied { call } => format!("allow the action appconfig:{} in the caller's IAM policy", call.action),
            Self::Refused { code, .. } => return refusal_hint(code).map(str::to_owned),
            Self::NotFound { there, may_be_made, .. } => {
                let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                format!("there is: {there}; {}", if *may_be_made { MAKE } else { LOOK_ELSEWHERE })
            }
            Self::Ambiguous { .. } => "use the id instead of the name".to_owned(),
            Self::WrongProfile { .. } => {
                "make a hosted freeform one: `aws appconfig create-configuration-profile --location-uri hosted`"
                    .to_owned()
            }
            Self::UnderWay { .. } => {
                "wait until it is done, or stop it: `aws appconfig stop-deployment`; `misrule halt` does that for an \
                 experiment of its own profile"
                    .to_owned()
            }
            Self::NotHaltedYet(_) => {
                "`misrule halt --stop-others` stops that deployment first; or set MISRULE_DISABLED=true on the \
                functions"
                    .to_owned()
            }
            Self::Overtaken { place, by: Overtaking::Halt(_) } => format!(
                "`misrule resume --to {place}` brings back what was in force before the halt; say the same again where it is \
                 meant in spite of the halt"
            ),
            Self::Overtaken { place, .. } => format!(
                "`misrule status --to {place}` tells what is in force; say the same again where it is meant in its place"
            ),
            Self::NoStrategy { there, .. } => {
                format!("there is: {}; or say how to grow: `--grow \"10% every 2m\" --bake 10m`", there.join(", "))
            }
            Self::Undone { .. } => "what was in force before is again: `misrule status` names it".to_owned(),
            Self::AnotherForm { is: Form::Bundle, .. } => ANOTHER_PROFILE.to_owned(),
            Self::AnotherForm { is: Form::Json, .. } => format!(
                "make a bundle of its TOML: `--key FILE` signs it, `--unsigned` says that nobody does; or {ANOTHER_PROFILE}"
            ),
            Self::Unsigned { .. } => {
                "sign it: `--key FILE`; or say `--unsigned`: every layer with MISRULE_PUBLIC_KEY then refuses it, and \
                what it has armed ends"
                    .to_owned()
            }
            Self::ForeignValidator { .. } => {
                "a profile has one at most: publish without `--validator`, or take it off with \
                `aws appconfig update-configuration-profile --validators '[]'`"
                    .to_owned()
            }
            Self::PublishedElsewhere { .. } => {
                "publish it for here: `misrule publish EXPERIMENT.TOML`, to all its regions with one command".to_owned()
            }
            Self::NothingToResume { .. } | Self::Over { .. } => {
                "publish it: `misrule publish EXPERIMENT.TOML`".to_owned()
            }
            Self::AlarmElsewhere { region, .. } => {
                format!("name an alarm of the region that is published to, or add `--region {region}`")
            }
            Self::TooManyAlarms { there, .. } => format!("take one off that is there: {}", there.join(", ")),
            Self::AlarmsOff { restore, .. } => format!("put them back: `{restore}`"),
            Self::NotHalted { .. } => "`misrule halt` stops it, `misrule publish` replaces it".to_owned(),
            Self::Failed { .. } => return None,
        };
        Some(hint)
    }
}

/// How to make what is absent.
const MAKE: &str = "`misrule publish --yes` makes what is absent";

/// Where experiments of another form go.
const ANOTHER_PROFILE: &str =
    "name another configuration profile in `--to`, and in the MISRULE_SOURCE of its functions";

/// Where else it may be.
const LOOK_ELSEWHERE: &str = "name one of them in `--to`, or another `--region`";

fn refusal_hint(code: &str) -> Option<&'static str> {
    match code {
        "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            Some("the credentials are expired or not of this account: log in again")
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch" => Some("check the secret key and this machine's clock"),
        "PayloadTooLargeException" => Some("publish fewer or smaller modules"),
        "ServiceQuotaExceededException" => Some("delete what is not needed, or ask AWS for a higher quota"),
        _ => None,
    }
}

/// Turns what the SDK says into one clear message.
pub(crate) fn explain<E, R>(endpoint: &str, call: Call, error: &SdkError<E, R>) -> AppConfigError
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
            AppConfigError::Unreachable { endpoint: endpoint.to_owned(), call, cause: "no answer in time".to_owned() }
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
