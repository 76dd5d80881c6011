//! What can be wrong with a setting, and what to do about it.

use std::fmt;

/// How much of a wrong value is repeated in its message.
const SHOWN: usize = 200;

/// A variable of the environment is wrong: nothing arms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    variable: String,
    value: String,
    problem: Problem,
}

/// What is wrong with a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Neither true nor false.
    Flag,
    /// No duration with a unit.
    Duration,
    /// A duration longer than an invocation may wait.
    TooLong,
    /// No share from 0 to 1.
    Share,
    /// No port.
    Port,
    /// No number of megabytes.
    Megabytes,
    /// No kind of source that there is.
    SourceKind,
    /// No application, environment and profile.
    Hosted,
    /// `file:` without a path.
    NoPath,
    /// A file that the function itself could write.
    OutsideDeployment,
    /// No address of a Runtime API.
    Address,
    /// The proxy's own address.
    OwnAddress,
    /// No invoke mode of a function URL.
    InvokeMode,
    /// No public key at all.
    NoKey,
    /// No Ed25519 public key.
    Key,
    /// More keys than two.
    ManyKeys,
    /// No filter that tracing understands.
    Filter,
    /// Lambda always sets it, and it is absent.
    Missing,
    /// No variable of ours.
    Unknown,
    /// Known, but this version of the layer does not do it.
    NotBuilt,
}

impl SettingError {
    pub(super) fn new(variable: &str, value: &str, problem: Problem) -> Self {
        Self { variable: variable.to_owned(), value: value.chars().take(SHOWN).collect(), problem }
    }

    /// The variable's name.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// What is wrong with its value.
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self.problem {
            Problem::Flag => "give true or false",
            Problem::Duration => "give a number with its unit, for example 250ms or 1.5s",
            Problem::TooLong => "give at most 60s: it delays an invocation",
            Problem::Share => "give a number from 0 to 1, for example 0.1",
            Problem::Port => "give a number from 1 to 65535",
            Problem::Megabytes => "Lambda sets it; leave it alone",
            Problem::SourceKind => "give appconfig:APP/ENV/PROFILE, agent:APP/ENV/PROFILE or file:PATH",
            Problem::Hosted => "give APP/ENV/PROFILE after the colon, each an id or a name of at most 128 characters",
            Problem::NoPath => "give an absolute path, for example file:/var/task/experiment.json",
            Problem::OutsideDeployment => {
                "put the file into a layer (/opt) or beside the function's code (/var/task); outside AWS Lambda set MISRULE_LOCAL=true"
            }
            Problem::Address => "give HOST:PORT, for example 127.0.0.1:9001",
            Problem::OwnAddress => "set MISRULE_PORT to another port, or forward to another address",
            Problem::InvokeMode => {
                "give the invoke mode of the function's URL or REST API, BUFFERED or RESPONSE_STREAM, or remove the variable: then our answers travel as the handler's do"
            }
            Problem::NoKey => "remove the variable, or set it to the public key that `misrule keygen` printed",
            Problem::Key => {
                "give the public key that `misrule keygen` printed, 44 characters; was it the private key, then make another"
            }
            Problem::ManyKeys => "give one key, or two separated by a comma while they are rotated",
            Problem::Filter => "give levels by target, for example warn,misrule=debug",
            Problem::Missing => {
                "run the layer in AWS Lambda, or in what stands for it, such as AWS's Runtime Interface Emulator"
            }
            Problem::Unknown => "remove the variable, or correct its name",
            Problem::NotBuilt => "remove the variable: this version of the layer does not do it",
        }
    }

    const fn what(&self) -> &'static str {
        match self.problem {
            Problem::Flag => "which is neither true nor false",
            Problem::Duration => "which is no duration",
            Problem::TooLong => "which is longer than an invocation may wait",
            Problem::Share => "which is no share from 0 to 1",
            Problem::Port => "which is no port",
            Problem::Megabytes => "which is no number of megabytes",
            Problem::SourceKind => "which is no kind of source that this layer has",
            Problem::Hosted => "which names no application, environment and profile",
            Problem::NoPath => "which names no absolute path",
            Problem::OutsideDeployment => "which the function itself could write",
            Problem::Address => "which is no address of a Runtime API",
            Problem::OwnAddress => "which is the proxy's own address",
            Problem::InvokeMode => "which is no invoke mode",
            Problem::NoKey => "holds no public key",
            Problem::Key => "holds what is no Ed25519 public key",
            Problem::ManyKeys => "holds more than two keys",
            Problem::Filter => "which is no log filter",
            Problem::Missing => "is not set",
            Problem::Unknown => "is no variable of this layer",
            Problem::NotBuilt => "which this version of the layer does not do",
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, value, problem } = self;
        match problem {
            Problem::Missing | Problem::Unknown | Problem::NoKey | Problem::Key | Problem::ManyKeys => {
                write!(formatter, "{variable} {}", self.what())
            }
            _ => write!(formatter, "{variable} is `{value}`, {}", self.what()),
        }
    }
}

impl std::error::Error for SettingError {}
