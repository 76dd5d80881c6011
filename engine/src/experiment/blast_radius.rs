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
        glob::matches(&self.name, function_name)
            && self.alias.as_ref().is_none_or(|alias| alias_matches(alias, invoked_arn))
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders-eu";
    const LIVE: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders-eu:live";

    fn covers(functions: &[&str], regions: &[&str], invoked_arn: &str) -> bool {
        let radius = BlastRadius {
            functions: functions.iter().map(|text| FunctionPattern::parse(text).unwrap()).collect(),
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            faults: BlastRadius::DEFAULT_FAULTS.to_vec(),
            rate: Rate::ALL,
            max_delay: None,
            max_age: BlastRadius::DEFAULT_MAX_AGE,
        };
        let environment = Environment {
            function_name: "orders-eu".into(),
            function_version: "$LATEST".into(),
            region: "us-east-1".into(),
            account: None,
            memory_mb: 128,
            initialization: "on-demand".into(),
        };
        radius.covers(&environment, invoked_arn)
    }

    #[test]
    fn functions_are_told_by_name_and_alias() {
        let rows: [(&[&str], &str, bool); 9] = [
            (&["orders-*"], PLAIN, true),
            (&["orders-??"], PLAIN, true),
            (&["orders"], PLAIN, false),
            (&["health", "orders-eu"], LIVE, true),
            (&["orders-*:live"], LIVE, true),
            (&["orders-*:l*"], LIVE, true),
            (&["orders-*:live"], PLAIN, false),
            (&["orders-*:beta"], LIVE, false),
            (&["*:*"], "no arn", false),
        ];
        for (functions, invoked_arn, expected) in rows {
            assert_eq!(covers(functions, &[], invoked_arn), expected, "{functions:?} by {invoked_arn}");
        }
    }

    #[test]
    fn a_region_that_is_not_named_is_outside() {
        assert!(covers(&["*"], &["eu-west-1", "us-east-1"], PLAIN));
        assert!(!covers(&["*"], &["eu-west-1"], PLAIN));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["", ":", "a:", ":a", "a:b:c", "a b", "a/b", "é", PLAIN] {
            assert_eq!(FunctionPattern::parse(wrong), None, "{wrong}");
        }
    }
}
