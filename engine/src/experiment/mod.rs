//! An experiment: a hypothesis, a blast radius, an end, and the policies that inject faults until then. TOML on disk, JSON
//! in AppConfig, one form for both.

mod blast_radius;
mod environment;
mod error;
mod names;
mod policy_use;
mod schedule;

use std::time::Duration;

use crate::time::Timestamp;

pub use blast_radius::{BlastRadius, FunctionPattern};
pub use environment::Environment;
pub use error::{ExperimentError, Place, Problem};
pub use policy_use::{ComponentRef, PolicyUse};
pub use schedule::Rate;

/// When an experiment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// At this instant.
    At(Timestamp),
    /// So long after it is published, or after it starts: not resolved yet.
    After(Duration),
}

/// An experiment, as its author wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What its author expects to see.
    pub hypothesis: Option<String>,
    /// When it starts; at once where it does not say.
    pub starts: Option<Timestamp>,
    /// When it ends.
    pub ends: Ends,
    /// What the engine allows, whatever a policy says.
    pub blast_radius: BlastRadius,
    /// The policies, in the order in which their plans join. At least one.
    pub policies: Vec<PolicyUse>,
}

impl Experiment {
    /// Reads an experiment from TOML.
    ///
    /// # Errors
    /// Names the field, the line and the column, and what is wrong there. The caller adds the file's name.
    pub fn from_toml(_text: &str) -> Result<Self, ExperimentError> {
        Err(ExperimentError::new("", Problem::Missing))
    }

    /// Reads an experiment from JSON.
    ///
    /// # Errors
    /// Names the field, and the line and column where the JSON itself is wrong.
    pub fn from_json(_bytes: &[u8]) -> Result<Self, ExperimentError> {
        Err(ExperimentError::new("", Problem::Missing))
    }

    /// The experiment as JSON, as AppConfig carries it.
    pub fn to_json(&self) -> String {
        String::new()
    }

    /// The experiment as it is published at `now` to a region: `duration` becomes `expires`, absent regions become that one.
    ///
    /// # Errors
    /// Where it would already be over, or be longer than [`EXPERIMENT_LENGTH`](crate::limits::EXPERIMENT_LENGTH).
    pub fn resolve(&self, _now: Timestamp, _region: &str) -> Result<Self, ExperimentError> {
        Ok(self.clone())
    }

    /// Checks an experiment that was delivered: it says when it ends, within
    /// [`EXPERIMENT_LENGTH`](crate::limits::EXPERIMENT_LENGTH), and that is still to come.
    ///
    /// # Errors
    /// Where one of these does not hold.
    pub fn check(&self, _now: Timestamp) -> Result<(), ExperimentError> {
        Ok(())
    }
}
