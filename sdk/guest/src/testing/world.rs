//! Where a policy under test runs, and under which experiment.

use misrule_engine::decision::PolicyName;
use misrule_engine::experiment::Environment;
use misrule_engine::time::Timestamp;

use super::Configured;
use super::instant::instant;
use crate::Policy;

/// Where a policy under test runs, and under which experiment. Draws depend on the names of both.
///
/// ```
/// # use misrule_sdk::{Policy, Settings, environment, testing::World};
/// # #[derive(Settings)] struct Regional;
/// impl Policy for Regional {
///     fn check(&self) -> Result<(), String> {
///         if environment::region() == "us-east-1" { Ok(()) } else { Err("only for us-east-1".to_owned()) }
///     }
/// }
///
/// assert!(World::new().configure::<Regional>("{}").is_ok());
/// assert!(World::new().region("eu-west-3").configure::<Regional>("{}").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) environment: Environment,
    pub(crate) experiment: String,
    pub(crate) policy: PolicyName,
    pub(crate) starts: Timestamp,
    pub(crate) expires: Timestamp,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The function `function`, version `$LATEST`, 128 MB, on demand, in `us-east-1`; the policy `policy` in the experiment
    /// `experiment`, in force all through 2026.
    pub fn new() -> Self {
        Self {
            environment: Environment {
                function_name: "function".to_owned(),
                function_version: "$LATEST".to_owned(),
                region: "us-east-1".to_owned(),
                account: Some("123456789012".to_owned()),
                memory_mb: 128,
                initialization: "on-demand".to_owned(),
            },
            experiment: "experiment".to_owned(),
            policy: PolicyName::new("policy"),
            starts: instant("2026-01-01T00:00:00Z"),
            expires: instant("2027-01-01T00:00:00Z"),
        }
    }

    /// The experiment's name.
    pub fn experiment(mut self, name: &str) -> Self {
        name.clone_into(&mut self.experiment);
        self
    }

    /// The policy's name in the experiment.
    pub fn policy(mut self, name: &str) -> Self {
        self.policy = PolicyName::new(name);
        self
    }

    /// When the experiment is in force, as instants such as `2026-12-01T09:30:00+01:00`.
    ///
    /// # Panics
    ///
    /// Where either is no such instant.
    #[track_caller]
    pub fn in_force(mut self, starts: &str, expires: &str) -> Self {
        (self.starts, self.expires) = (instant(starts), instant(expires));
        self
    }

    /// The function's name.
    pub fn function(mut self, name: &str) -> Self {
        name.clone_into(&mut self.environment.function_name);
        self
    }

    /// The function's version.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.environment.function_version);
        self
    }

    /// The AWS region.
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.environment.region);
        self
    }

    /// The AWS account.
    pub fn account(mut self, account: &str) -> Self {
        self.environment.account = Some(account.to_owned());
        self
    }

    /// The function's memory.
    pub fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.environment.memory_mb = memory_mb;
        self
    }

    /// How the environment came up, such as `provisioned-concurrency`.
    pub fn initialization(mut self, initialization: &str) -> Self {
        initialization.clone_into(&mut self.environment.initialization);
        self
    }

    /// Configures a policy here with the JSON text of its settings.
    ///
    /// # Errors
    ///
    /// What the person who wrote the experiment would be told, a line each.
    ///
    /// # Panics
    ///
    /// Where the text is not JSON.
    #[track_caller]
    pub fn configure<P: Policy>(self, settings: &str) -> Result<Configured<P>, String> {
        Configured::new(self, settings)
    }
}
