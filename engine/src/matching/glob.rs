//! Globs: `*` stands for any characters, `?` for one.

/// Whether a text matches a glob as a whole.
pub fn matches(_glob: &str, _text: &str) -> bool {
    false
}
