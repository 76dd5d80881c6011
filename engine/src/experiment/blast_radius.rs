//! What an experiment may touch, and how hard.

use std::fmt;
use std::time::Duration;

use super::{Budget, Environment, Rate, StopWhen};
use crate::decision::FaultKind;
use crate::invocation::Arn;
use crate::matching::glob;

/// What the engine allows, whatever a policy says.
#[derive(Clone, Debug, PartialEq)]
pub struct BlastRadius {
    /// The functions that may be touched. At least one.
    pub functions: Vec<FunctionPattern>,
    /// The accounts; where none is named, those that the experiment was published to.
    pub accounts: Vec<String>,
    /// The regions; where none is named, those that the experiment was published to.
    pub regions: Vec<String>,
    /// The kinds of fault that are allowed.
    pub faults: Vec<FaultKind>,
    /// The share of invocations that any policy may touch.
    pub rate: Rate,
    /// The longest that one invocation may be delayed in one hook.
    pub max_delay: Option<Duration>,
    /// How many invocations may be touched.
    pub budget: Budget,
    /// When it stops by itself; never where it does not say.
    pub stop_when: Option<StopWhen>,
    /// How old the last successful refresh may be.
    pub max_age: Duration,
    /// Whether each event source mapping of the functions reports batch item failures, so that `fail-items` may take records
    /// out of an event: another mapping would lose them.
    pub partial_batches: bool,
}

impl BlastRadius {
    /// The kinds of fault that are allowed where an experiment does not say.
    pub const DEFAULT_FAULTS: &[FaultKind] = &[FaultKind::Delay, FaultKind::RespondHttp, FaultKind::Fail];
    /// How old the last successful refresh may be where an experiment does not say.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

    /// Whether an invocation by this ARN, in this environment, lies within. Where accounts are named and this one is not
    /// known, none does.
    pub fn covers(&self, environment: &Environment, invoked_arn: &str) -> bool {
        let ours = self.accounts.is_empty()
            || environment
                .account_by(invoked_arn)
                .is_some_and(|account| self.accounts.iter().any(|ours| *ours == account));
        let meant = |pattern: &FunctionPattern| pattern.matches(&environment.function_name, invoked_arn);
        ours && self.covers_region(environment) && self.functions.iter().any(meant)
    }

    /// Whether any invocation of this environment may lie within: by which alias it comes is only known then, and perhaps
    /// the account too.
    pub fn may_cover(&self, environment: &Environment) -> bool {
        let known = environment.account.as_ref();
        let ours = self.accounts.is_empty() || known.is_none_or(|account| self.accounts.contains(account));
        let meant = |pattern: &FunctionPattern| pattern.names(&environment.function_name);
        ours && self.covers_region(environment) && self.functions.iter().any(meant)
    }

    fn covers_region(&self, environment: &Environment) -> bool {
        self.regions.is_empty() || self.regions.contains(&environment.region)
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

    /// Whether the function is meant, by some alias at least.
    pub fn names(&self, function_name: &str) -> bool {
        glob::matches(&self.name, function_name)
    }

    /// Whether the function, invoked by this ARN, is meant.
    pub fn matches(&self, function_name: &str, invoked_arn: &str) -> bool {
        self.names(function_name) && self.alias.as_ref().is_none_or(|alias| alias_matches(alias, invoked_arn))
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

    fn radius(functions: &[&str], accounts: &[&str], regions: &[&str]) -> BlastRadius {
        BlastRadius {
            functions: functions.iter().map(|text| FunctionPattern::parse(text).unwrap()).collect(),
            accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            faults: BlastRadius::DEFAULT_FAULTS.to_vec(),
            rate: Rate::ALL,
            max_delay: None,
            budget: Budget::default(),
            stop_when: None,
            max_age: BlastRadius::DEFAULT_MAX_AGE,
            partial_batches: false,
        }
    }

    fn environment(account: Option<&str>) -> Environment {
        Environment {
            function_name: "orders-eu".into(),
            function_version: "$LATEST".into(),
            region: "us-east-1".into(),
            account: account.map(str::to_owned),
            memory_mb: 128,
            initialization: "on-demand".into(),
        }
    }

    fn covers(functions: &[&str], regions: &[&str], invoked_arn: &str) -> bool {
        radius(functions, &[], regions).covers(&environment(None), invoked_arn)
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
    fn an_account_that_is_not_named_or_not_known_is_outside() {
        let named = radius(&["*:live"], &["210987654321", "123456789012"], &[]);
        let rows = [
            (Some("123456789012"), "no arn", false, true),
            (Some("123456789012"), LIVE, true, true),
            (Some("000000000000"), LIVE, false, false),
            (None, LIVE, true, true),
            (None, "no arn", false, true),
            (None, "arn:aws:lambda:us-east-1:000000000000:function:orders-eu:live", false, true),
        ];
        for (account, invoked_arn, covered, may_be) in rows {
            let environment = environment(account);
            let outcome = (named.covers(&environment, invoked_arn), named.may_cover(&environment));
            assert_eq!(outcome, (covered, may_be), "{account:?} by {invoked_arn}");
        }
        assert!(radius(&["*:live"], &[], &["us-east-1"]).may_cover(&environment(None)));
        assert!(!radius(&["*:live"], &[], &["eu-west-1"]).may_cover(&environment(None)));
        assert!(!radius(&["health:live"], &[], &[]).may_cover(&environment(None)));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["", ":", "a:", ":a", "a:b:c", "a b", "a/b", "é", PLAIN] {
            assert_eq!(FunctionPattern::parse(wrong), None, "{wrong}");
        }
    }
}
