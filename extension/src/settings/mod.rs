//! Every setting of the layer, read from the environment in one place.
//!
//! A wrong setting never stops the layer and never arms anything: it is reported by name, the default takes its place,
//! and the layer is a plain pass-through. A variable that starts with `MISRULE_` and that nobody knows is wrong too: it
//! may be a misspelt switch that was to turn faults off.
//!
//! ```
//! use misrule_extension::settings::Settings;
//!
//! let (settings, wrong) = Settings::read(|name| (name == "MISRULE_PORT").then(|| "many".to_owned()));
//! assert_eq!(wrong[0].to_string(), "MISRULE_PORT is `many`, which is no port");
//! assert_eq!(wrong[0].hint(), "give a number from 1 to 65535");
//! assert!(settings.wrong);
//! assert_eq!(settings.port, 9117);
//! ```

mod address;
mod aws;
mod error;
mod value;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use misrule_engine::delivery::{self, KeyError};
use tracing_subscriber::filter::Targets;

pub use address::{AgentAddress, FileAddress, HostedAddress, SourceAddress, UpstreamAddress};
pub use aws::{Authorization, AwsSettings, ContainerCredentials, CredentialsSettings, EndpointUrl, Keys, Secret};
pub use error::{Problem, SettingError};
pub use value::{AnswerHeader, BlockHosts, InvokeMode, MAX_WAIT, Metrics, Share};

/// The port that the proxy listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 9117;

/// What is logged unless told otherwise: what Misrule does, and what its dependencies are worried about.
pub const DEFAULT_LOG: &str = "warn,misrule=info";

/// The port that the AWS AppConfig agent listens on.
/// <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-config.html>
const AGENT_PORT: &str = "AWS_APPCONFIG_EXTENSION_HTTP_PORT";

/// A variable that starts with `MISRULE_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it means, and what stands for it where it is absent.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($ident:ident = $name:literal, $meaning:literal;)*) => {
        $(const $ident: &str = $name;)*

        /// Every variable of ours that the layer knows.
        pub const VARIABLES: &[Variable] = &[$(Variable { name: $name, meaning: $meaning }),*];
    };
}

variables! {
    SOURCE = "MISRULE_SOURCE", "where experiments come from: appconfig:APP/ENV/PROFILE, agent:APP/ENV/PROFILE or file:PATH; none: a plain pass-through";
    PUBLIC_KEY = "MISRULE_PUBLIC_KEY", "the Ed25519 key (or two, with a comma) that a bundle must be signed with, as misrule keygen prints it: nothing else arms, but any halt is obeyed; none: no signature is judged";
    DISABLED = "MISRULE_DISABLED", "true: a plain pass-through; default false";
    DRY_RUN = "MISRULE_DRY_RUN", "true: decide and log, inject nothing; default false";
    SHARE = "MISRULE_SHARE", "share of execution environments that take part at all, 0 to 1; default 1";
    FIRST_WAIT = "MISRULE_FIRST_WAIT", "how long the first invocation may wait for the first experiment, at most half of the time that it has; default 0ms";
    REFRESH_WAIT = "MISRULE_REFRESH_WAIT", "how long an invocation may wait when the experiment is older than its max_age, at most half of the time that it has; default 250ms";
    INVOKE_MODE = "MISRULE_INVOKE_MODE", "how the function's URL or REST API waits for answers, BUFFERED or RESPONSE_STREAM; default: as the handler last answered";
    ANSWER_HEADER = "MISRULE_ANSWER_HEADER", "false: HTTP answers that Misrule made or changed do not say so in x-misrule; default true";
    BLOCK_HOSTS = "MISRULE_BLOCK_HOSTS", "true: allow block-hosts, for which the wrapper preloads a library into runtimes of glibc; default false";
    RECORD = "MISRULE_RECORD", "true: log what policies read, for replay, which this version refuses; default false";
    PORT = "MISRULE_PORT", "the port that the proxy listens on; default 9117";
    RUNTIME_API = "MISRULE_RUNTIME_API", "the Runtime API to forward to, so that proxies chain; default AWS_LAMBDA_RUNTIME_API";
    NEXT_WRAPPER = "MISRULE_NEXT_WRAPPER", "the wrapper to exec after ours; none: the runtime itself";
    LOG = "MISRULE_LOG", "tracing filter of targets and levels; default warn,misrule=info";
    METRICS = "MISRULE_METRICS", "false: the log lines carry no CloudWatch metrics; default true";
    LOCAL = "MISRULE_LOCAL", "true: this is no AWS Lambda, file: may read any path, and what experiments spent is kept in TMPDIR and not in /tmp; set by the local Lambda; default false";
}

/// What the function is, as Lambda tells every extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionSettings {
    /// AWS_LAMBDA_FUNCTION_NAME; empty where absent.
    pub name: String,
    /// AWS_LAMBDA_FUNCTION_VERSION; empty where absent.
    pub version: String,
    /// AWS_LAMBDA_FUNCTION_MEMORY_SIZE in megabytes; 0 where absent.
    pub memory_mb: u32,
    /// AWS_REGION, else AWS_DEFAULT_REGION; empty where both are absent.
    pub region: String,
    /// AWS_LAMBDA_INITIALIZATION_TYPE: `on-demand` where absent.
    pub initialization: String,
}

impl FunctionSettings {
    /// Whether other invocations share the execution environment (Lambda Managed Instances).
    pub fn shared(&self) -> bool {
        self.initialization == "lambda-managed-instances"
    }

    /// Whether the environment may be one of many that begin as copies of one snapshot (SnapStart).
    pub fn snapshotted(&self) -> bool {
        self.initialization == "snap-start"
    }
}

/// Every setting, parsed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where experiments come from.
    pub source: Option<SourceAddress>,
    /// The keys that bundles must be signed with.
    pub public_keys: Option<delivery::Keys>,
    /// A plain pass-through was asked for.
    pub disabled: bool,
    /// Decide and log, inject nothing.
    pub dry_run: bool,
    /// Whether names of hosts may fail to resolve.
    pub block_hosts: BlockHosts,
    /// Some setting is wrong: nothing may arm.
    pub wrong: bool,
    /// How long the first invocation may wait for the first experiment: at most half of the time before its deadline.
    pub first_wait: Duration,
    /// How long an invocation may wait when the experiment is older than its `max_age`: at most half of the time before its
    /// deadline.
    pub refresh_wait: Duration,
    /// How function URLs and REST APIs wait for an answer; none: as the handler answers them.
    pub invoke_mode: Option<InvokeMode>,
    /// Whether answers that Misrule made or changed say so.
    pub answer_header: AnswerHeader,
    /// The port that the proxy listens on, on the loopback interface.
    pub port: u16,
    /// The Runtime API to forward to.
    pub runtime_api: UpstreamAddress,
    /// Lambda's own Runtime API and Extensions API, also where another proxy stands between us and it.
    pub lambda_api: UpstreamAddress,
    /// Share of execution environments that take part.
    pub share: Share,
    /// The wrapper to exec after ours.
    pub next_wrapper: Option<PathBuf>,
    /// The file that what experiments spent is kept in; none: nowhere but in memory.
    pub ledger: Option<PathBuf>,
    /// What is logged.
    pub log: Targets,
    /// Whether log lines carry CloudWatch metrics.
    pub metrics: Metrics,
    /// What the function is.
    pub function: FunctionSettings,
    /// How AWS is reached.
    pub aws: AwsSettings,
}

impl Settings {
    /// The settings in this process's environment, and what is wrong with them.
    pub fn from_environment() -> (Self, Vec<SettingError>) {
        let (mut settings, mut wrong) = Self::read(of_this_process);
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        wrong.extend(unknown(names));
        settings.wrong = !wrong.is_empty();
        (settings, wrong)
    }

    /// The settings among these variables, and what is wrong with them. An empty variable counts as absent, but for
    /// MISRULE_PUBLIC_KEY: a key that got lost must not open the door to unsigned bundles.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> (Self, Vec<SettingError>) {
        let mut reader = Reader { variable: &variable, wrong: Vec::new() };
        let local = reader.flag(LOCAL);
        let port = reader.parse(PORT, value::port).unwrap_or(DEFAULT_PORT);
        let lambda_api = reader.lambda_api(port);
        let chained = reader.parse(RUNTIME_API, |text| UpstreamAddress::parse_other_than(text, port));
        let mut settings = Self {
            source: reader.source(local),
            public_keys: reader.public_keys(),
            disabled: reader.flag(DISABLED),
            dry_run: reader.flag(DRY_RUN),
            block_hosts: reader.parse(BLOCK_HOSTS, BlockHosts::parse).unwrap_or_default(),
            wrong: false,
            first_wait: reader.parse(FIRST_WAIT, value::wait).unwrap_or(Duration::ZERO),
            refresh_wait: reader.parse(REFRESH_WAIT, value::wait).unwrap_or(Duration::from_millis(250)),
            invoke_mode: reader.parse(INVOKE_MODE, InvokeMode::parse),
            answer_header: reader.parse(ANSWER_HEADER, AnswerHeader::parse).unwrap_or_default(),
            port,
            runtime_api: chained.unwrap_or_else(|| lambda_api.clone()),
            lambda_api,
            share: reader.parse(SHARE, Share::parse).unwrap_or_default(),
            next_wrapper: reader.text(NEXT_WRAPPER).map(PathBuf::from),
            ledger: reader.ledger(local, port),
            log: reader.log(),
            metrics: reader.parse(METRICS, Metrics::parse).unwrap_or_default(),
            function: reader.function(),
            aws: aws::AwsReader(|name: &str| reader.text(name)).read(),
        };
        reader.refuse_what_is_not_built(&[RECORD]);
        settings.wrong = !reader.wrong.is_empty();
        (settings, reader.wrong)
    }

    /// Whether names can ever fail to resolve here: what never injects, or shares its environment, gives runtimes no library.
    pub fn offers_names(&self) -> bool {
        let injects = self.source.is_some() && !self.disabled && !self.wrong && !self.dry_run;
        self.block_hosts == BlockHosts::Allowed && injects && !self.function.shared()
    }
}

fn of_this_process(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    match std::env::var(name) {
        Ok(value) => Some(value),
        Err(std::env::VarError::NotPresent) => None,
        Err(std::env::VarError::NotUnicode(value)) => Some(value.to_string_lossy().into_owned()),
    }
}

/// An error for each name that starts as ours do and is none of ours.
pub fn unknown(names: impl IntoIterator<Item = String>) -> Vec<SettingError> {
    let known = |name: &str| VARIABLES.iter().any(|variable| variable.name == name);
    let ours = names.into_iter().filter(|name| name.starts_with("MISRULE_") && !known(name));
    ours.map(|name| SettingError::new(&name, "", Problem::Unknown)).collect()
}

struct Reader<'a, F> {
    variable: &'a F,
    wrong: Vec<SettingError>,
}

impl<F: Fn(&str) -> Option<String>> Reader<'_, F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parse<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let text = self.text(name)?;
        parse(&text).map_err(|problem| self.wrong.push(SettingError::new(name, &text, problem))).ok()
    }

    fn flag(&mut self, name: &str) -> bool {
        self.parse(name, value::flag).unwrap_or(false)
    }

    /// The agent's port is the agent's own setting: it is read only where the agent is asked.
    fn source(&mut self, local: bool) -> Option<SourceAddress> {
        match self.parse(SOURCE, |text| SourceAddress::parse(text, local))? {
            SourceAddress::Agent(address) => {
                let port = self.parse(AGENT_PORT, value::port).unwrap_or(address.port());
                Some(SourceAddress::Agent(address.on_port(port)))
            }
            other => Some(other),
        }
    }

    /// What is wrong is not repeated: it may be a private key by mistake.
    fn public_keys(&mut self) -> Option<delivery::Keys> {
        let text = (self.variable)(PUBLIC_KEY)?;
        let keys = text.parse().map_err(|error| match error {
            KeyError::Empty => Problem::NoKey,
            KeyError::NoKey => Problem::Key,
            KeyError::Many => Problem::ManyKeys,
        });
        keys.map_err(|problem| self.wrong.push(SettingError::new(PUBLIC_KEY, "", problem))).ok()
    }

    fn lambda_api(&mut self, own_port: u16) -> UpstreamAddress {
        const LAMBDAS: &str = "AWS_LAMBDA_RUNTIME_API";
        if self.text(LAMBDAS).is_none() {
            self.wrong.push(SettingError::new(LAMBDAS, "", Problem::Missing));
        }
        let address = self.parse(LAMBDAS, |text| UpstreamAddress::parse_other_than(text, own_port));
        address.unwrap_or_else(UpstreamAddress::lambda)
    }

    /// Where a restart of the layer leaves it and no other execution environment sees it: in Lambda that is /tmp, elsewhere
    /// it is not. By its port each of several layers in one environment has its own.
    fn ledger(&self, local: bool, port: u16) -> Option<PathBuf> {
        let folder = if local { self.text("TMPDIR")? } else { "/tmp".to_owned() };
        Some(PathBuf::from(folder).join(format!(".misrule-spent-{port}")))
    }

    fn log(&mut self) -> Targets {
        self.parse(LOG, value::filter).or_else(|| DEFAULT_LOG.parse().ok()).unwrap_or_default()
    }

    fn function(&mut self) -> FunctionSettings {
        let text = |name: &str| self.text(name).unwrap_or_default();
        FunctionSettings {
            name: text("AWS_LAMBDA_FUNCTION_NAME"),
            version: text("AWS_LAMBDA_FUNCTION_VERSION"),
            region: self.text("AWS_REGION").unwrap_or_else(|| text("AWS_DEFAULT_REGION")),
            initialization: self.text("AWS_LAMBDA_INITIALIZATION_TYPE").unwrap_or_else(|| "on-demand".to_owned()),
            memory_mb: self.parse("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", value::megabytes).unwrap_or(0),
        }
    }

    fn refuse_what_is_not_built(&mut self, names: &[&str]) {
        for name in names {
            if self.flag(name) {
                self.wrong.push(SettingError::new(name, "true", Problem::NotBuilt));
            }
        }
    }
}
