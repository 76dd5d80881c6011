//! Addresses: of a source of experiments, and of the Runtime API.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::error::Problem;

/// Where in AWS Lambda a file is safe from the function's own code: both are read-only there.
pub(crate) const DEPLOYED: [&str; 2] = ["/opt", "/var/task"];

/// Where experiments come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceAddress {
    /// AWS AppConfig, asked by the layer itself.
    AppConfig(HostedAddress),
    /// AWS AppConfig, asked through its agent on localhost.
    Agent(AgentAddress),
    /// A file.
    File(FileAddress),
}

impl SourceAddress {
    pub(super) fn parse(text: &str, local: bool) -> Result<Self, Problem> {
        match text.split_once(':') {
            Some(("appconfig", rest)) => HostedAddress::parse(rest).map(Self::AppConfig),
            Some(("agent", rest)) => AgentAddress::parse(rest).map(Self::Agent),
            Some(("file", rest)) => FileAddress::parse(rest, local).map(Self::File),
            _ => Err(Problem::SourceKind),
        }
    }
}

impl SourceAddress {
    /// The environment of AppConfig, by name or by id; none of a file.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::AppConfig(address) => Some(&address.environment),
            Self::Agent(address) => Some(&address.place().environment),
            Self::File(_) => None,
        }
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AppConfig(address) => address.fmt(formatter),
            Self::Agent(address) => address.fmt(formatter),
            Self::File(address) => address.fmt(formatter),
        }
    }
}

/// An application, environment and configuration profile of AWS AppConfig, each by id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedAddress {
    /// The application.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// The configuration profile.
    pub profile: String,
}

impl HostedAddress {
    fn parse(text: &str) -> Result<Self, Problem> {
        let parts: Vec<_> = text.split('/').collect();
        let [application, environment, profile] = parts[..] else { return Err(Problem::Hosted) };
        if parts.iter().any(|part| part.trim().is_empty() || part.chars().count() > 128) {
            return Err(Problem::Hosted);
        }
        let [application, environment, profile] = [application, environment, profile].map(str::to_owned);
        Ok(Self { application, environment, profile })
    }

    /// The resource that IAM must allow, with stars for what the layer does not know.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsappconfig.html>
    pub fn resource(&self, region: &str) -> String {
        let Self { application, environment, profile } = self;
        format!(
            "arn:aws:appconfig:{region}:*:application/{application}/environment/{environment}/configuration/{profile}"
        )
    }
}

impl fmt::Display for HostedAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "appconfig:{}/{}/{}", self.application, self.environment, self.profile)
    }
}

/// The same, as the AWS AppConfig agent serves it on localhost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentAddress {
    place: HostedAddress,
    port: u16,
}

impl AgentAddress {
    /// The agent's port unless told otherwise.
    const DEFAULT_PORT: u16 = 2772;

    fn parse(text: &str) -> Result<Self, Problem> {
        HostedAddress::parse(text).map(|place| Self { place, port: Self::DEFAULT_PORT })
    }

    pub(super) fn on_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// What is asked for.
    pub const fn place(&self) -> &HostedAddress {
        &self.place
    }

    /// The port on localhost.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for AgentAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostedAddress { application, environment, profile } = &self.place;
        write!(formatter, "agent:{application}/{environment}/{profile}")
    }
}

/// A file that holds an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAddress {
    path: PathBuf,
    confined: bool,
}

impl FileAddress {
    /// In Lambda (`local` is false) the file must have been deployed with the function: what the function could write
    /// would let its own input arm faults.
    fn parse(text: &str, local: bool) -> Result<Self, Problem> {
        if text.is_empty() || (!local && !text.starts_with('/')) {
            return Err(Problem::NoPath);
        }
        let address = Self { path: PathBuf::from(text), confined: !local };
        if address.admits(&without_dots(&address.path)) { Ok(address) } else { Err(Problem::OutsideDeployment) }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it must have been deployed with the function.
    pub fn confined(&self) -> bool {
        self.confined
    }

    /// Whether a file may be read that turned out to be at this path, without dots and links.
    pub fn admits(&self, resolved: &Path) -> bool {
        !self.confined || DEPLOYED.iter().any(|deployed| resolved.starts_with(deployed))
    }
}

impl fmt::Display for FileAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "file:{}", self.path.display())
    }
}

fn without_dots(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

/// The address of a Runtime API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamAddress {
    host: String,
    port: u16,
    authority: String,
    base_path: String,
}

impl UpstreamAddress {
    /// Where Lambda's own Runtime API has always been.
    pub fn lambda() -> Self {
        Self::new("127.0.0.1", 9001, "")
    }

    fn new(host: &str, port: u16, base_path: &str) -> Self {
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Self { host: host.to_owned(), port, authority, base_path: base_path.to_owned() }
    }

    /// Reads `HOST`, `HOST:PORT` or either with a base path; `http://` before it is accepted. The port is 80 where
    /// absent. An IPv6 address stands in brackets. None where the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority: http::uri::Authority = authority.parse().ok()?;
        let (host, port) = authority.as_str().split_at_checked(authority.host().len())?;
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if port.is_empty() => 80,
            None => return None,
        };
        let base_path = path.trim_end_matches('/');
        let plain = base_path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#');
        plain.then(|| Self::new(host.trim_matches(['[', ']']), port, base_path))
    }

    pub(super) fn parse_other_than(text: &str, own_port: u16) -> Result<Self, Problem> {
        let address = Self::parse(text).ok_or(Problem::Address)?;
        if address.port == own_port && address.is_loopback() { Err(Problem::OwnAddress) } else { Ok(address) }
    }

    /// A name or an address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What stands before each request's path: empty, or a path without a slash at its end.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// `HOST:PORT`, as a Host header has it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.authority(), self.base_path)
    }
}
