//! From a delivered package to an enforcer: compile, configure, and carry memory over from the version before.

use std::sync::Arc;

use super::PolicyName;
use super::enforcer::{Enforcer, expiry};
use super::guard::Carries;
use super::record::Record;
use crate::delivery::Package;
use crate::experiment::{ComponentRef, Environment, Experiment, ExperimentError, PolicyUse};
use crate::policy::{Policy, PolicyError, Remembered};
use crate::sandbox::{Component, Place, Sandbox, SandboxError, Wanted};
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
        let policies = self.policies(package)?;
        let (environment, carries) = (self.environment.clone(), self.carries.clone());
        let record = Arc::new(Record::new(&experiment));
        Ok(Enforcer { experiment, digest: package.digest, environment, carries, policies, record })
    }

    fn policies(&self, package: &Package) -> Result<Vec<Policy>, ArmError> {
        let policies = &package.experiment.policies;
        let wanted = policies.iter().map(|using| self.wanted(package, using)).collect::<Result<Vec<_>, _>>()?;
        let policy = |(using, component): (&PolicyUse, Result<Component, SandboxError>)| {
            let component = component.map_err(|source| ArmError::Component { policy: using.name.clone(), source })?;
            self.policy(&package.experiment, using, component)
        };
        policies.iter().zip(self.sandbox.load(&wanted)).map(policy).collect()
    }

    fn policy(&self, experiment: &Experiment, using: &PolicyUse, component: Component) -> Result<Policy, ArmError> {
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

    fn wanted<'p>(&self, package: &'p Package, using: &PolicyUse) -> Result<Wanted<'p>, ArmError> {
        let policy = using.name.clone();
        match &using.component {
            ComponentRef::ReadyMade(name) => match (self.ready_made)(name) {
                Some(component) => Ok(Wanted { component, image: None }),
                None => Err(ArmError::UnknownPolicy { policy, name: name.clone() }),
            },
            ComponentRef::Module(module) => match package.modules.get(module) {
                Some(component) => Ok(Wanted { component, image: package.images.get(module) }),
                None => Err(ArmError::MissingModule { policy, module: module.clone() }),
            },
        }
    }

    fn remembered(&self, experiment: &str, policy: &PolicyName) -> Remembered {
        let same = self.previous.filter(|previous| previous.experiment.name == experiment);
        let before = same.and_then(|previous| previous.policies.iter().find(|before| before.name() == policy));
        before.map(Policy::remembered).unwrap_or_default()
    }
}
