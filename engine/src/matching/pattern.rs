//! What may be wrong with a pattern.

use crate::limits::{PATTERN_BYTES, PATTERN_PROGRAM};

/// A regular expression or path template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`PATTERN_BYTES`].
    #[error("the pattern is longer than {PATTERN_BYTES}")]
    TooLong,
    /// No regular expression.
    #[error("the regular expression `{pattern}` is wrong: {reason}")]
    Regex {
        /// As the policy gave it.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Compiled, it would be larger than [`PATTERN_PROGRAM`].
    #[error("the regular expression `{0}` is larger than {PATTERN_PROGRAM} once compiled")]
    Program(String),
    /// No path template.
    #[error("the path template `{template}` is wrong: {reason}")]
    Template {
        /// As the policy gave it.
        template: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}
