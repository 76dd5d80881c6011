//! How many invocations an experiment may touch.

use std::num::NonZeroU64;

/// How many invocations may be touched in one execution environment: those for which a plan stands, in a dry run too. What
/// is not said is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// In all, by one version of the experiment.
    pub per_environment: Option<NonZeroU64>,
    /// In any minute, by all versions of the experiment together.
    pub per_minute: Option<NonZeroU64>,
}

impl Budget {
    /// Whether it bounds nothing.
    pub const fn is_unbounded(&self) -> bool {
        self.per_environment.is_none() && self.per_minute.is_none()
    }
}
