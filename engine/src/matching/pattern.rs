//! What may be wrong with a pattern.

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`PATTERN_BYTES`](crate::limits::PATTERN_BYTES).
    #[error("the pattern is longer than {limit}", limit = crate::limits::PATTERN_BYTES)]
    TooLong,
}
