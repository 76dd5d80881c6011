//! An experiment: a hypothesis, a blast radius, an end, and the policies that inject faults until then. TOML on disk, JSON
//! in AppConfig, one form for both.
//!
//! ```
//! # use misrule_engine::experiment::Experiment;
//! let error = Experiment::from_toml("name = \"outage\"\nduration = \"soon\"").unwrap_err();
//! assert_eq!(error.to_string(), "line 2, column 1: `duration` is no duration: `soon`");
//! assert_eq!(
//!     error.hint().unwrap(),
//!     "write whole numbers with their units, for example \"250ms\", \"5s\" or \"1h30m\""
//! );
//! ```

mod blast_radius;
mod budget;
mod environment;
mod error;
mod gathered;
mod names;
mod policy_use;
mod published_to;
mod reading;
mod schedule;
mod schema;
mod stop_when;
#[cfg(test)]
mod tests;
mod text;
mod wire;

use std::time::Duration;

use crate::limits::EXPERIMENT_LENGTH;
use crate::time::Timestamp;

pub use blast_radius::{BlastRadius, FunctionPattern};
pub use budget::Budget;
pub use environment::Environment;
pub use error::{ExperimentError, Place, Problem};
pub use gathered::Mistakes;
pub use names::is_region;
pub use policy_use::{ComponentRef, PolicyUse};
pub use published_to::{Elsewhere, Here, PublishedTo};
pub use schedule::Rate;
pub use schema::json_schema;
pub use stop_when::StopWhen;

/// When an experiment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// At this instant.
    At(Timestamp),
    /// So long after it starts or, where it does not say when, is published: not resolved yet.
    After(Duration),
}

/// An experiment, as its author wrote it. Every field that can be wrong by itself was checked when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name: ASCII letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What its author expects to see.
    pub hypothesis: Option<String>,
    /// When it starts; at once where it does not say.
    pub starts: Option<Timestamp>,
    /// When it ends.
    pub ends: Ends,
    /// Where it was published to: elsewhere it is refused.
    pub published_to: PublishedTo,
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
    pub fn from_toml(text: &str) -> Result<Self, ExperimentError> {
        let read = text::from_toml(text).and_then(Self::try_from);
        read.map_err(|error| if error.place().is_some() { error } else { error.located(text) })
    }

    /// Reads an experiment from TOML as it is published at `now`: its end [settled](Self::settle_end).
    ///
    /// # Errors
    /// All that is wrong with it and can be known at once. Where the text is no TOML that is one mistake.
    pub fn from_toml_at(text: &str, now: Timestamp) -> Result<Self, Mistakes> {
        let read = Self::from_toml(text).and_then(|read| read.settle_end(now));
        read.map_err(|first| Mistakes::of(text, now, first))
    }

    /// Reads an experiment from JSON.
    ///
    /// # Errors
    /// Names the field, and the line and column where the JSON itself, or the type of a value, is wrong.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ExperimentError> {
        text::from_json(bytes).and_then(Self::try_from)
    }

    /// The experiment as JSON, as AppConfig carries it.
    pub fn to_json(&self) -> String {
        // Nothing in the wire types can fail: every key is a string, every number finite.
        serde_json::to_string_pretty(&wire::Experiment::from(self)).unwrap_or_default()
    }

    /// The experiment as it is published at `now` to a region: its end settled; where it names no regions, and none that it
    /// was published to, it is for that one.
    ///
    /// # Errors
    /// As [`settle_end`](Self::settle_end).
    pub fn resolve(&self, now: Timestamp, region: &str) -> Result<Self, ExperimentError> {
        let mut resolved = self.settle_end(now)?;
        if resolved.blast_radius.regions.is_empty() && resolved.published_to.regions.is_empty() {
            resolved.blast_radius.regions.push(region.to_owned());
        }
        Ok(resolved)
    }

    /// The experiment with its end as an instant: `duration` becomes `expires`, counted from `starts` or from now.
    ///
    /// # Errors
    /// Where it would already be over, or be longer than [`EXPERIMENT_LENGTH`]. Names the field that its author wrote; a caller
    /// who has the text can say [where](ExperimentError::located) it stands.
    pub fn settle_end(&self, now: Timestamp) -> Result<Self, ExperimentError> {
        let mut settled = self.clone();
        if let Ends::After(duration) = self.ends {
            settled.ends = Ends::At(self.starts.unwrap_or(now).plus(duration));
        }
        match (settled.check(now), self.ends) {
            (Ok(()), _) => Ok(settled),
            (Err(error), Ends::At(_)) => Err(error),
            (Err(error), Ends::After(_)) => Err(error.of_duration()),
        }
    }

    /// Checks an experiment that was delivered: it says when it ends, that is within [`EXPERIMENT_LENGTH`] from its start
    /// or from now, and still to come.
    ///
    /// # Errors
    /// Where one of these does not hold.
    pub fn check(&self, now: Timestamp) -> Result<(), ExperimentError> {
        let expires = match self.ends {
            Ends::After(_) => return Err(ExperimentError::new("duration", Problem::NotResolved)),
            Ends::At(expires) => expires,
        };
        if expires <= now {
            return Err(ExperimentError::new("expires", Problem::Over(expires)));
        }
        check_length("expires", expires.since(self.starts.unwrap_or(now)))
    }

    /// What can be said of start and end before it is known when the experiment is published.
    fn check_span(&self) -> Result<(), ExperimentError> {
        match (self.starts, self.ends) {
            (_, Ends::After(duration)) => check_length("duration", duration),
            (Some(starts), Ends::At(expires)) if expires <= starts => {
                Err(ExperimentError::new("expires", Problem::EndsBeforeStart))
            }
            (Some(starts), Ends::At(expires)) => check_length("expires", expires.since(starts)),
            (None, Ends::At(_)) => Ok(()),
        }
    }
}

fn check_length(field: &str, length: Duration) -> Result<(), ExperimentError> {
    let most = Duration::from_secs(EXPERIMENT_LENGTH.value);
    if length > most { Err(ExperimentError::new(field, Problem::TooLong)) } else { Ok(()) }
}
