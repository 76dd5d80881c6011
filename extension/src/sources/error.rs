//! Why a source could not be asked, and how soon to ask again.

use std::path::PathBuf;
use std::time::Duration;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A source that could not be asked. What it delivered before stays in force until it is too old.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No connection, no answer, or half an answer.
    #[error("`{action}` got no answer")]
    Unreachable {
        /// What was asked.
        action: &'static str,
        /// Why there was no answer.
        source: Cause,
    },
    /// Somebody answers whom nobody vouches for.
    #[error("`{action}` reached a server that is not trusted")]
    Untrusted {
        /// What was asked.
        action: &'static str,
        /// What is wrong with its certificate.
        source: Cause,
    },
    /// Too many requests.
    #[error("`{action}` was throttled")]
    Throttled {
        /// What was asked.
        action: &'static str,
        /// How long the service wants to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// Asked again before the time was over that the service had named.
    #[error("`{action}` was asked too early")]
    TooEarly {
        /// What was asked.
        action: &'static str,
        /// How long the service wants to be left alone.
        retry_after: Duration,
    },
    /// The service failed.
    #[error("`{action}` failed with status {status}")]
    ServiceFailed {
        /// What was asked.
        action: &'static str,
        /// The answer's HTTP status.
        status: u16,
        /// What the service said.
        source: Cause,
    },
    /// IAM does not allow it.
    #[error("`{action}` on `{resource}` is denied")]
    Denied {
        /// The IAM action.
        action: &'static str,
        /// The resource's ARN; what the layer does not know is a star.
        resource: String,
        /// What the service said.
        source: Cause,
    },
    /// There is nothing to sign requests with.
    #[error("there are no AWS credentials to call `{action}` with")]
    NoCredentials {
        /// The IAM action.
        action: &'static str,
        /// Where credentials were looked for.
        source: Cause,
    },
    /// The server that gives credentials out gives none.
    #[error("there are no AWS credentials yet to call `{action}` with")]
    CredentialsFailed {
        /// The IAM action.
        action: &'static str,
        /// What the server did.
        source: Cause,
    },
    /// AWS takes neither the credentials nor the signature.
    #[error("the AWS credentials to call `{action}` with are refused")]
    CredentialsRefused {
        /// The IAM action.
        action: &'static str,
        /// What the service said.
        source: Cause,
    },
    /// A variable that leads to no server.
    #[error("{variable} does not name {wants}")]
    NoEndpoint {
        /// The variable.
        variable: &'static str,
        /// What it should name.
        wants: &'static str,
    },
    /// It is not known whom to trust.
    #[error("it is not known whom to trust")]
    NoRoots {
        /// Why.
        source: Cause,
    },
    /// It is not known which region to ask.
    #[error("AWS_REGION is not set, so it is not known where to ask `{name}`")]
    NoRegion {
        /// The source.
        name: String,
    },
    /// Nothing listens where the AppConfig agent should, or what does gives no whole answer.
    #[error("the AppConfig agent on port {port} gives no answer")]
    AgentUnreachable {
        /// The port on localhost.
        port: u16,
        /// Why there was no answer.
        source: std::io::Error,
    },
    /// The AppConfig agent answered with a failure.
    #[error("the AppConfig agent failed with status {status}")]
    AgentFailed {
        /// The answer's HTTP status.
        status: u16,
        /// What the agent said.
        source: Cause,
    },
    /// A file that is there and cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A link that leads to where the function could write.
    #[error("`{}` leads to `{}`, which was not deployed with the function", path.display(), resolved.display())]
    OutsideDeployment {
        /// The file.
        path: PathBuf,
        /// Where it leads.
        resolved: PathBuf,
    },
}

/// How soon to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Soon, then ever more slowly: it may be over in a moment.
    Backoff,
    /// Slowly from the start: somebody has to change something first.
    Slow,
}

impl SourceError {
    /// How long [`Pace::Slow`] waits.
    pub const SLOW: Duration = Duration::from_secs(60);

    /// How long the source wants to be left alone, where it says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            Self::TooEarly { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// How soon to ask again.
    pub const fn pace(&self) -> Pace {
        match self {
            Self::Unreachable { .. } | Self::Throttled { .. } | Self::TooEarly { .. } => Pace::Backoff,
            Self::ServiceFailed { .. } | Self::CredentialsFailed { .. } => Pace::Backoff,
            Self::AgentUnreachable { .. } | Self::AgentFailed { .. } => Pace::Backoff,
            Self::Denied { .. } | Self::NoCredentials { .. } | Self::CredentialsRefused { .. } => Pace::Slow,
            Self::NoRegion { .. } | Self::NoEndpoint { .. } | Self::NoRoots { .. } | Self::Untrusted { .. } => {
                Pace::Slow
            }
            Self::Unreadable { .. } | Self::OutsideDeployment { .. } => Pace::Slow,
        }
    }

    /// What to do about it, where somebody has to do something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => {
                Some("a function in a VPC needs a route to AppConfig: a NAT gateway, or an interface endpoint".to_owned())
            }
            Self::Untrusted { .. } => Some(
                "a proxy that decrypts what passes needs its certificate in a file that SSL_CERT_FILE names".to_owned(),
            ),
            Self::Denied { action, resource, .. } => Some(format!("allow `{action}` on `{resource}` in the function's role")),
            Self::NoCredentials { .. } => {
                Some("in Lambda they come from the function's role; elsewhere set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned())
            }
            Self::CredentialsRefused { .. } => Some(
                "a new execution environment gets new ones; with a clock that is wrong, AWS refuses them all".to_owned(),
            ),
            Self::NoRegion { .. } => Some("set AWS_REGION".to_owned()),
            Self::NoEndpoint { variable: "AWS_REGION", .. } => Some("set AWS_REGION to one such as us-east-1".to_owned()),
            Self::NoEndpoint { variable, .. } => {
                Some(format!("set {variable} to an http:// or https:// address, or remove it"))
            }
            Self::NoRoots { .. } => Some("remove SSL_CERT_FILE: the roots of AWS's certificates are built in".to_owned()),
            Self::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::IsADirectory => {
                Some("name the experiment's file in it".to_owned())
            }
            Self::AgentUnreachable { .. } => Some(
                "add AWS's layer `AWS-AppConfig-Extension` to the function, or set MISRULE_SOURCE to appconfig:APP/ENV/PROFILE"
                    .to_owned(),
            ),
            Self::AgentFailed { .. } => Some(
                "the agent's own log lines say more; the function's role must allow what it calls, as for appconfig:"
                    .to_owned(),
            ),
            Self::Unreadable { .. } => Some("let everybody read the file".to_owned()),
            Self::OutsideDeployment { .. } => Some("put the file itself into the layer or the function's package".to_owned()),
            Self::Throttled { .. } | Self::TooEarly { .. } => None,
            Self::ServiceFailed { .. } | Self::CredentialsFailed { .. } => None,
        }
    }
}
