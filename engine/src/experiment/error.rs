//! What is wrong with an experiment: where, what, and what to do next.

use std::fmt;

/// An experiment that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentError {
    field: String,
    place: Option<Place>,
    problem: Problem,
}

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The field must be there.
    #[error("is missing")]
    Missing,
}

impl ExperimentError {
    pub(crate) fn new(field: &str, problem: Problem) -> Self {
        Self { field: field.to_owned(), place: None, problem }
    }

    /// The field's path, for example `blast_radius.rate`; empty where the text as a whole is meant.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Where the field stands; none where that is not known.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What to do next, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

impl std::error::Error for ExperimentError {}

impl fmt::Display for ExperimentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.field, self.problem)
    }
}
