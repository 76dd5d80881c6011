//! Matching that the host does for policies: regular expressions, path templates, globs, and civil time. No input makes
//! any of them slow: the time is bounded by the size of pattern times text.

mod cache;
mod civil;
pub mod glob;
mod path;
mod pattern;

pub use cache::PatternCache;
pub use civil::{Civil, CivilError, local};
pub use path::PathTemplate;
pub use pattern::PatternError;
