//! What may be wrong with a pattern.

use crate::limits::{PATTERN_BYTES, PATTERN_PROGRAM};

/// A regular expression or path template that cannot be used. It is not repeated: what stands in a policy's settings may be a
/// secret, and this ends in a log line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`PATTERN_BYTES`].
    #[error("the pattern is longer than {PATTERN_BYTES}")]
    TooLong,
    /// No regular expression.
    #[error("the regular expression is wrong: {0}")]
    Regex(String),
    /// Compiled, it would be larger than [`PATTERN_PROGRAM`].
    #[error("the regular expression is larger than {PATTERN_PROGRAM} once compiled")]
    Program,
    /// No path template.
    #[error("the path template is wrong: {0}")]
    Template(&'static str),
}
