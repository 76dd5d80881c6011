//! From delivered bytes to an enforcer. Slow work, for a thread that may block.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use misrule_engine::decision::{ArmError, Armoury, Carries, Enforcer};
use misrule_engine::delivery::{Delivery, DeliveryError, KeyId, Keys, Package};
use misrule_engine::experiment::{BlastRadius, Environment, FunctionPattern};
use misrule_engine::sandbox::{Sandbox, SandboxError};
use misrule_engine::time::Timestamp;

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
    /// Loading it panicked.
    #[error("loading the delivery panicked")]
    Panicked,
}

impl Refusal {
    /// What to do about it, where that is known.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Delivery(error) => error.hint(),
            Self::Arm(ArmError::Experiment { source, .. }) => source.hint(),
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
    /// Made when it is first needed: it costs milliseconds that a pass-through need not pay.
    sandbox: Mutex<Option<Sandbox>>,
}

impl Loader {
    /// With `keys` nothing arms but what one of them signed.
    pub(super) fn new(environment: Environment, carries: Carries, keys: Option<Keys>, ready_made: ReadyMade) -> Self {
        Self { environment, carries, keys, ready_made, sandbox: Mutex::new(None) }
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) fn load(&self, bytes: &Bytes, previous: Option<&Enforcer>, now: Timestamp) -> Result<Loaded, Refusal> {
        let package = match self.read(bytes)? {
            Delivery::Halt => return Ok(Loaded::Halt),
            Delivery::Experiment(package) => package,
        };
        if !may_concern(&package.experiment.blast_radius, &self.environment) {
            return Ok(Loaded::NotMeant { experiment: package.experiment.name });
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

    fn arm(&self, package: &Package, previous: Option<&Enforcer>, now: Timestamp) -> Result<Enforcer, Refusal> {
        let sandbox = &self.sandbox()?;
        let (environment, carries) = (&self.environment, &self.carries);
        let armoury = Armoury { sandbox, ready_made: &self.ready_made, environment, carries, previous };
        Ok(armoury.arm(package, now)?)
    }

    fn sandbox(&self) -> Result<Sandbox, Refusal> {
        let mut kept = self.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Some(Sandbox::new().map_err(Refusal::Sandbox)?);
        }
        kept.clone().ok_or(Refusal::Panicked)
    }
}

/// Whether any invocation of this environment may lie within. By which alias it is invoked is only known then.
fn may_concern(blast_radius: &BlastRadius, environment: &Environment) -> bool {
    let under_any_alias = |pattern: &FunctionPattern| {
        let text = pattern.to_string();
        FunctionPattern::parse(text.split(':').next().unwrap_or_default())
    };
    let functions = blast_radius.functions.iter().filter_map(under_any_alias).collect();
    BlastRadius { functions, ..blast_radius.clone() }.covers(environment, "")
}
