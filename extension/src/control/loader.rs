//! From delivered bytes to an enforcer. Slow work, for a thread that may block.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use misrule_engine::decision::{ArmError, Armoury, Carries, Enforcer};
use misrule_engine::delivery::{Delivery, DeliveryError, KeyId, Keys, Package};
use misrule_engine::experiment::{Elsewhere, Environment, Experiment, Here};
use misrule_engine::sandbox::{Sandbox, SandboxError};
use misrule_engine::time::Timestamp;

use super::ledger::Ledger;
use crate::memory;

type ReadyMade = fn(&str) -> Option<&'static [u8]>;

/// What a delivery means for this environment.
pub(super) enum Loaded {
    /// Nothing may inject.
    Halt,
    /// This experiment is to be armed.
    Enforcer {
        /// What enforces it.
        enforcer: Box<Enforcer>,
        /// The key that vouches for it, one of the layer's.
        signed_by: Option<KeyId>,
    },
    /// An experiment for other functions or regions.
    NotMeant {
        /// Its name.
        experiment: String,
        /// This account, where it names accounts.
        account: Option<String>,
    },
}

/// Why a delivery arms nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// It cannot be enforced.
    #[error(transparent)]
    Arm(#[from] ArmError),
    /// No policy can be hosted at all.
    #[error("no policy can be hosted here")]
    Sandbox(#[source] SandboxError),
    /// It was published to other places than this.
    #[error("experiment `{name}` is not for this place")]
    Elsewhere {
        /// Its name.
        name: String,
        /// What does not match.
        source: Elsewhere,
    },
    /// Loading it panicked.
    #[error("loading the delivery panicked")]
    Panicked,
    /// The system gives no thread to load it on.
    #[error("the system refuses a thread to load the delivery on")]
    NoThread,
}

impl Refusal {
    /// Of an experiment that was published elsewhere.
    pub(super) fn elsewhere(experiment: &Experiment, source: Elsewhere) -> Self {
        Self::Elsewhere { name: experiment.name.clone(), source }
    }

    /// Whether the same delivery may be loaded later: it is no fault of its own.
    pub(super) fn passes(&self) -> bool {
        matches!(self, Self::NoThread)
    }

    /// What to do about it, where that is known.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Delivery(error) => error.hint(),
            Self::Elsewhere { .. } => Some("publish it here too, with `misrule publish`".to_owned()),
            Self::Arm(ArmError::Experiment { source, .. }) => source.hint(),
            Self::NoThread => {
                Some("it is loaded at the next refresh; the function may be near its limit of threads".to_owned())
            }
            Self::Panicked => Some("report it, with the delivery, as a bug of Misrule".to_owned()),
            Self::Arm(_) | Self::Sandbox(_) => None,
        }
    }
}

/// Loads deliveries, one after the other.
pub(super) struct Loader {
    environment: Environment,
    carries: Carries,
    keys: Option<Keys>,
    ready_made: ReadyMade,
    /// The environment of AppConfig that deliveries come through.
    through: Option<String>,
    ledger: Arc<Ledger>,
    /// Made when it is first needed: it costs milliseconds that a pass-through need not pay.
    sandbox: Mutex<Option<Sandbox>>,
}

impl Loader {
    /// With `keys` nothing arms but what one of them signed.
    pub(super) fn new(environment: Environment, carries: Carries, keys: Option<Keys>, ready_made: ReadyMade) -> Self {
        let (through, ledger, sandbox) = (None, Arc::default(), Mutex::new(None));
        Self { environment, carries, keys, ready_made, through, ledger, sandbox }
    }

    /// The same for deliveries that come through this environment of AppConfig, by name or by id.
    pub(super) fn through(self, environment: Option<String>) -> Self {
        Self { through: environment, ..self }
    }

    /// The same where what experiments spent is in this ledger.
    pub(super) fn keeping(self, ledger: Arc<Ledger>) -> Self {
        Self { ledger, ..self }
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) fn load(&self, bytes: &Bytes, previous: Option<&Enforcer>, now: Timestamp) -> Result<Loaded, Refusal> {
        let package = match self.read(bytes)? {
            Delivery::Halt => return Ok(Loaded::Halt),
            Delivery::Experiment(package) => package,
        };
        self.check_place(&package.experiment)?;
        if !package.experiment.blast_radius.may_cover(&self.environment) {
            let named = !package.experiment.blast_radius.accounts.is_empty();
            let account = self.environment.account.clone().filter(|_| named);
            return Ok(Loaded::NotMeant { experiment: package.experiment.name, account });
        }
        let enforcer = Box::new(self.arm(&package, previous, now)?);
        Ok(Loaded::Enforcer { enforcer, signed_by: package.signed_by })
    }

    /// Where a key is set, with the native images for this layer. That no policy can be hosted here must not keep a halt from
    /// being read.
    fn read(&self, bytes: &Bytes) -> Result<Delivery, DeliveryError> {
        match self.keys.as_ref().map(|keys| (keys, self.sandbox())) {
            Some((keys, Ok(sandbox))) => Delivery::read_with_images(bytes, keys, sandbox.image_folder()),
            _ => Delivery::read(bytes, self.keys.as_ref()),
        }
    }

    fn check_place(&self, experiment: &Experiment) -> Result<(), Refusal> {
        let Environment { account, region, .. } = &self.environment;
        let here = Here { account: account.as_deref(), region, environment: self.through.as_deref() };
        experiment.published_to.check(here).map_err(|elsewhere| Refusal::elsewhere(experiment, elsewhere))
    }

    fn arm(&self, package: &Package, previous: Option<&Enforcer>, now: Timestamp) -> Result<Enforcer, Refusal> {
        let sandbox = &self.sandbox()?;
        let (environment, carries) = (&self.environment, &self.carries);
        let armoury = Armoury { sandbox, ready_made: &self.ready_made, environment, carries, previous };
        let mut enforcer = armoury.arm(package, now)?;
        memory::give_back();
        self.ledger.open_for(&mut enforcer);
        Ok(enforcer)
    }

    fn sandbox(&self) -> Result<Sandbox, Refusal> {
        let mut kept = self.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Some(Sandbox::new().map_err(Refusal::Sandbox)?);
        }
        kept.clone().ok_or(Refusal::Panicked)
    }
}
