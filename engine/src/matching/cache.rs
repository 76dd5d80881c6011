//! Compiled patterns, kept for the next call.

use super::PatternError;

/// The compiled patterns of one policy: the least recently used goes first.
#[derive(Debug, Default)]
pub struct PatternCache {}

impl PatternCache {
    /// An empty cache of [`PATTERN_CACHE`](crate::limits::PATTERN_CACHE) patterns.
    pub fn new() -> Self {
        Self {}
    }

    /// Whether a regular expression matches anywhere in the text.
    ///
    /// # Errors
    /// Says what is wrong with the pattern.
    pub fn regex(&mut self, _pattern: &str, _text: &str) -> Result<bool, PatternError> {
        Ok(false)
    }

    /// The captures of a path template, when the path matches.
    ///
    /// # Errors
    /// Says what is wrong with the template.
    pub fn path(&mut self, _template: &str, _path: &str) -> Result<Option<Vec<(String, String)>>, PatternError> {
        Ok(None)
    }
}
