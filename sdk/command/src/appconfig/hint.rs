//! What to do next about each thing that can go wrong with AppConfig.

use misrule_engine::delivery::Form;

use super::error::AppConfigError;
use super::seen::Overtaking;
use crate::failure::Explain;

impl Explain for AppConfigError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRegion
            | Self::NotARegion { .. }
            | Self::EndpointCount { .. }
            | Self::OneEndpoint { .. }
            | Self::NoProfile { .. }
            | Self::NoCredentials { .. }
            | Self::BadCredentials { .. } => return connection_hint(self),
            Self::Unreachable { call, .. } if call.starts() => {
                format!("`misrule status` tells whether it began all the same; {CHECK}")
            }
            Self::Unreachable { .. } => CHECK.to_owned(),
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
            Self::Unhalted { cause, .. } => halt_hint(cause),
            Self::Unwatched { place, .. } => {
                format!("`misrule status --to {place}` tells how far it is, `misrule halt --to {place}` stops it")
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
            Self::NoHalt { place, .. } => format!(
                "`misrule history --to {place}` tells what it is; `misrule publish` replaces it, `misrule halt` halts"
            ),
            Self::NotHalted { .. } => "`misrule halt` stops it, `misrule publish` replaces it".to_owned(),
            Self::Failed { .. } => return None,
        };
        Some(hint)
    }
}

/// What to do before anything can be asked.
fn connection_hint(error: &AppConfigError) -> Option<String> {
    use AppConfigError as Error;
    let hint = match error {
        Error::NoRegion => "give `--region`, or set AWS_REGION".to_owned(),
        Error::NotARegion { .. } => "give a region's code, for example us-east-1".to_owned(),
        Error::EndpointCount { .. } => "name one for each region, in their order".to_owned(),
        Error::OneEndpoint { .. } => "what is absent would be made once for each, under one name: leave the endpoint \
                                     out, and each region has its own; or name one for each: `--endpoint-url URL,URL`"
            .to_owned(),
        Error::NoProfile { there, .. } if there.is_empty() => {
            "the AWS configuration files have none: `aws configure` makes one".to_owned()
        }
        Error::NoProfile { there, .. } => format!("there is: {}", there.join(", ")),
        Error::NoCredentials { .. } | Error::BadCredentials { .. } => {
            "log in (`aws sso login`), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an `--aws-profile`"
                .to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

/// Why AppConfig may not answer.
const CHECK: &str = "check `--region`, `--endpoint-url` and the network";

/// How to make what is absent.
const MAKE: &str = "`misrule publish --yes` makes what is absent";

/// Where experiments of another form go.
const ANOTHER_PROFILE: &str =
    "name another configuration profile in `--to`, and in the MISRULE_SOURCE of its functions";

/// Where else it may be.
const LOOK_ELSEWHERE: &str = "name one of them in `--to`, or another `--region`";

/// What to do where a halt failed: without AppConfig, too.
fn halt_hint(cause: &AppConfigError) -> String {
    let first = match cause {
        AppConfigError::UnderWay { .. } => "`misrule halt --stop-others` stops that deployment first".to_owned(),
        cause => cause.hint().unwrap_or_else(|| "say the same again".to_owned()),
    };
    format!("{first}; or set MISRULE_DISABLED=true on the functions")
}

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
