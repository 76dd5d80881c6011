//! Path templates.

use super::PatternError;

/// A path template, for example `/orders/{id}/items/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {}

impl PathTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(_template: &str) -> Result<Self, PatternError> {
        Ok(Self {})
    }

    /// The captures in the template's order, when the path matches.
    pub fn captures(&self, _path: &str) -> Option<Vec<(String, String)>> {
        None
    }
}
