//! Matching that the host does for policies: regular expressions, path templates, globs and civil time. Time is linear in
//! the text, whatever the pattern.

mod cache;
mod civil;
pub mod glob;
mod path;
mod pattern;

pub use cache::PatternCache;
pub use civil::{Civil, CivilError, local};
pub use path::PathTemplate;
pub use pattern::PatternError;
