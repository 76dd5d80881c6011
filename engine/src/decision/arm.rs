//! From a delivered package to an enforcer: compile, configure, and carry memory over from the version before.

use std::collections::HashMap;

use super::PolicyName;
use super::enforcer::{Enforcer, expiry};
use super::guard::Carries;
use crate::delivery::Package;
use crate::digest::Digest;
use crate::experiment::{ComponentRef, Environment, ExperimentError, PolicyUse};
use crate::policy::{Policy, PolicyError, Remembered};
use crate::sandbox::{Component, Place, Sandbox, SandboxError};
use crate::time::Timestamp;

/// Why an experiment does not arm.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// The experiment itself is not to be enforced now.
    #[error("experiment `{name}`")]
    Experiment {
        /// Its name.
        name: String,
        /// Why.
        source: ExperimentError,
    },
    /// There is no such ready-made policy in this layer.
    #[error("policy `{policy}`: this layer has no ready-made policy `{name}`")]
    UnknownPolicy {
        /// The policy's name in the experiment.
        policy: PolicyName,
        /// What it uses.
        name: String,
    },
    /// The module did not come along.
    #[error("policy `{policy}`: the module `{module}` is not in the bundle")]
    MissingModule {
        /// The policy's name.
        policy: PolicyName,
        /// Its module.
        module: String,
    },
    /// Its component cannot be hosted.
    #[error("policy `{policy}`")]
    Component {
        /// The policy's name.
        policy: PolicyName,
        /// Why.
        source: SandboxError,
    },
    /// It cannot be configured.
    #[error("policy `{policy}`")]
    Policy {
        /// The policy's name.
        policy: PolicyName,
        /// Why.
        source: PolicyError,
    },
}

/// Everything that arming needs beside the package.
pub struct Armoury<'a> {
    /// Compiles and hosts.
    pub sandbox: &'a Sandbox,
    /// The ready-made policies' components, by name.
    pub ready_made: &'a dyn Fn(&str) -> Option<&'static [u8]>,
    /// Where the policies run.
    pub environment: &'a Environment,
    /// What the layer can carry out.
    pub carries: &'a Carries,
    /// What was armed before: a newer version of the same experiment keeps what its policies remember.
    pub previous: Option<&'a Enforcer>,
}

impl Armoury<'_> {
    /// Builds an enforcer aside; nothing is armed by it.
    ///
    /// # Errors
    ///
    /// [`ArmError`], which names the experiment or the policy. One bad policy refuses the whole version.
    pub fn arm(&self, package: &Package, now: Timestamp) -> Result<Enforcer, ArmError> {
        let experiment = package.experiment.clone();
        experiment.check(now).map_err(|source| ArmError::Experiment { name: experiment.name.clone(), source })?;
        let mut compiled = HashMap::new();
        let policies = experiment.policies.iter().map(|using| self.policy(package, using, &mut compiled));
        let policies = policies.collect::<Result<Vec<_>, _>>()?;
        let (environment, carries) = (self.environment.clone(), self.carries.clone());
        Ok(Enforcer { experiment, digest: package.digest, environment, carries, policies })
    }

    fn policy(
        &self,
        package: &Package,
        using: &PolicyUse,
        compiled: &mut HashMap<Digest, Component>,
    ) -> Result<Policy, ArmError> {
        let component = self.component(package, using, compiled)?;
        let experiment = &package.experiment;
        let place = Place {
            environment: self.environment.clone(),
            experiment: experiment.name.clone(),
            starts: experiment.starts.unwrap_or_default(),
            expires: expiry(experiment),
            policy: using.name.clone(),
        };
        let remembered = self.remembered(&experiment.name, &using.name);
        Policy::configure(self.sandbox, component, place, using.rate, using.settings.to_string(), remembered)
            .map_err(|source| ArmError::Policy { policy: using.name.clone(), source })
    }

    /// Two policies of the same bytes share what was compiled.
    fn component(
        &self,
        package: &Package,
        using: &PolicyUse,
        compiled: &mut HashMap<Digest, Component>,
    ) -> Result<Component, ArmError> {
        let policy = using.name.clone();
        let bytes: &[u8] = match &using.component {
            ComponentRef::ReadyMade(name) => (self.ready_made)(name)
                .ok_or_else(|| ArmError::UnknownPolicy { policy: policy.clone(), name: name.clone() })?,
            ComponentRef::Module(module) => package
                .modules
                .get(module)
                .ok_or_else(|| ArmError::MissingModule { policy: policy.clone(), module: module.clone() })?,
        };
        let digest = Digest::of(bytes);
        if let Some(component) = compiled.get(&digest) {
            return Ok(component.clone());
        }
        let component = self.sandbox.compile(bytes).map_err(|source| ArmError::Component { policy, source })?;
        compiled.insert(digest, component.clone());
        Ok(component)
    }

    fn remembered(&self, experiment: &str, policy: &PolicyName) -> Remembered {
        let same = self.previous.filter(|previous| previous.experiment.name == experiment);
        let before = same.and_then(|previous| previous.policies.iter().find(|before| before.name() == policy));
        before.map(Policy::remembered).unwrap_or_default()
    }
}
