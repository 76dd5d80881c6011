//! Names that a policy crate may have.

use std::fmt;
use std::str::FromStr;

use crate::failure::Explain;

/// The longest name, in bytes: crates.io's own limit.
const LONGEST: usize = 64;
/// Names that mean something to rustc or cargo, or are taken by the copied SDK.
const RESERVED: &[&str] = &[
    "alloc",
    "core",
    "proc_macro",
    "std",
    "test",
    "build",
    "deps",
    "examples",
    "incremental",
    "misrule",
    "misrule-engine",
    "misrule-sdk",
    "misrule-sdk-macros",
];
/// Rust's keywords, in use and reserved (The Rust Reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The name of a policy crate: also of its component and, unless the experiment says otherwise, of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrateName(String);

impl CrateName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CrateNameError {
    /// Nothing.
    #[error("a crate's name cannot be empty")]
    Empty,
    /// More than 64 bytes.
    #[error("the crate name `{0}` is longer than {LONGEST} characters")]
    TooLong(String),
    /// Starts with something else than a letter.
    #[error("the crate name `{0}` starts with `{1}`, not with a lower-case letter")]
    Start(String, char),
    /// A character that has no place in it.
    #[error("the crate name `{0}` has `{1}` in it")]
    Character(String, char),
    /// Means something else.
    #[error("the crate name `{0}` is taken: {1}")]
    Taken(String, &'static str),
}

impl Explain for CrateNameError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Taken(name, _) => format!("add a word: `{name}-outage`"),
            Self::TooLong(_) => "say it in fewer words".to_owned(),
            _ => "use lower-case letters, digits, `-` and `_`, a letter first: `slow-checkout`".to_owned(),
        })
    }
}

impl FromStr for CrateName {
    type Err = CrateNameError;

    fn from_str(text: &str) -> Result<Self, CrateNameError> {
        let name = text.to_owned();
        let first = text.chars().next().ok_or(CrateNameError::Empty)?;
        if !first.is_ascii_lowercase() {
            return Err(CrateNameError::Start(name, first));
        }
        let stray = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || ['-', '_'].contains(c));
        if let Some(stray) = text.chars().find(stray) {
            return Err(CrateNameError::Character(name, stray));
        }
        if text.len() > LONGEST {
            return Err(CrateNameError::TooLong(name));
        }
        match taken_by(text) {
            Some(owner) => Err(CrateNameError::Taken(name, owner)),
            None => Ok(Self(name)),
        }
    }
}

fn taken_by(name: &str) -> Option<&'static str> {
    if KEYWORDS.contains(&name) {
        return Some("it is a keyword of Rust");
    }
    RESERVED.contains(&name).then_some("rustc, cargo or the SDK use it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for name in ["a", "slow-checkout", "v2_outage", &"x".repeat(64)] {
            assert_eq!(name.parse::<CrateName>().map(|name| name.0), Ok(name.to_owned()));
        }
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        let told = |name: &str| name.parse::<CrateName>().unwrap_err().to_string();
        assert_eq!(told(""), "a crate's name cannot be empty");
        assert_eq!(told("9lives"), "the crate name `9lives` starts with `9`, not with a lower-case letter");
        assert_eq!(told("Brownout"), "the crate name `Brownout` starts with `B`, not with a lower-case letter");
        assert_eq!(told("a/b"), "the crate name `a/b` has `/` in it");
        assert_eq!(told("brown out"), "the crate name `brown out` has ` ` in it");
        assert_eq!(told("loop"), "the crate name `loop` is taken: it is a keyword of Rust");
        assert_eq!(told("test"), "the crate name `test` is taken: rustc, cargo or the SDK use it");
        let long = "x".repeat(65);
        assert_eq!(told(&long), format!("the crate name `{long}` is longer than 64 characters"));
    }
}
