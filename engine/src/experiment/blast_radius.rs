//! What an experiment may touch, and how hard.

use std::fmt;
use std::time::Duration;

use super::{Environment, Rate};
use crate::decision::FaultKind;
use crate::invocation::Arn;
use crate::matching::glob;

/// What the engine allows, whatever a policy says.
#[derive(Clone, Debug, PartialEq)]
pub struct BlastRadius {
    /// The functions that may be touched. At least one.
    pub functions: Vec<FunctionPattern>,
    /// The regions; where none is named, the one that the experiment was published to.
    pub regions: Vec<String>,
    /// The kinds of fault that are allowed.
    pub faults: Vec<FaultKind>,
    /// The share of invocations that any policy may touch.
    pub rate: Rate,
    /// The longest that one invocation may be delayed in one hook.
    pub max_delay: Option<Duration>,
    /// How old the last successful refresh may be.
    pub max_age: Duration,
}

impl BlastRadius {
    /// The kinds of fault that are allowed where an experiment does not say.
    pub const DEFAULT_FAULTS: &[FaultKind] = &[FaultKind::Delay, FaultKind::RespondHttp, FaultKind::Fail];
    /// How old the last successful refresh may be where an experiment does not say.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

    /// Whether an invocation by this ARN, in this environment, lies within.
    pub fn covers(&self, environment: &Environment, invoked_arn: &str) -> bool {
        let here = self.regions.is_empty() || self.regions.contains(&environment.region);
        here && self.functions.iter().any(|pattern| pattern.matches(&environment.function_name, invoked_arn))
    }
}

/// Which functions: a glob over names, and where a colon follows, one over the aliases or versions they are invoked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionPattern {
    name: String,
    alias: Option<String>,
}

impl FunctionPattern {
    /// Reads `NAME` or `NAME:ALIAS`, globs both; none where a part is empty or holds what no name has.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, alias) = match text.split_once(':') {
            Some((name, alias)) => (name, Some(alias)),
            None => (text, None),
        };
        let fits = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_$*?".contains(&byte))
        };
        let whole = fits(name) && alias.is_none_or(fits);
        whole.then(|| Self { name: name.to_owned(), alias: alias.map(str::to_owned) })
    }

    /// Whether the function, invoked by this ARN, is meant.
    pub fn matches(&self, function_name: &str, invoked_arn: &str) -> bool {
        glob::matches(&self.name, function_name) && self.alias.as_ref().is_none_or(|alias| alias_matches(alias, invoked_arn))
    }
}

fn alias_matches(alias: &str, invoked_arn: &str) -> bool {
    let arn = Arn::parse(invoked_arn);
    arn.as_ref().and_then(Arn::qualifier).is_some_and(|qualifier| glob::matches(alias, qualifier))
}

impl fmt::Display for FunctionPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(formatter, "{}:{alias}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}
