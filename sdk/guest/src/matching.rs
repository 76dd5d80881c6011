//! Path templates and regular expressions. The host does the work, so that policies stay small.

use crate::host::matching as host;
use crate::settings::{Reader, Settings, Shape};

/// What the `{names}` of a path template matched, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures(Vec<(String, String)>);

impl Captures {
    /// What this name matched.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and what they matched, in the order of the template.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A path template among the settings: `/orders/{id}/items/**`. `{name}` matches one segment, `**` any number of them. One that
/// is malformed refuses the experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate(String);

impl PathTemplate {
    /// Whether the path matches, and what the names captured.
    pub fn captures(&self, path: &str) -> Option<Captures> {
        self::path(&self.0, path)
    }
}

impl AsRef<str> for PathTemplate {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Settings for PathTemplate {
    const SHAPE: Shape = Shape::PathTemplate;

    fn read(reader: &mut Reader) -> Option<Self> {
        let template = reader.text("a path template")?;
        reader.accept(host::path(&template, "/").map(|_| ()))?;
        Some(Self(template))
    }
}

/// A regular expression among the settings, in the syntax of the Rust crate `regex`: linear time, no look-around. One that is
/// malformed refuses the experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether it matches anywhere in the text.
    pub fn matches(&self, text: &str) -> bool {
        host::regex(&self.0, text).unwrap_or(false)
    }
}

impl AsRef<str> for Pattern {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Settings for Pattern {
    const SHAPE: Shape = Shape::Pattern;

    fn read(reader: &mut Reader) -> Option<Self> {
        let pattern = reader.text("a regular expression")?;
        reader.accept(host::regex(&pattern, "").map(|_| ()))?;
        Some(Self(pattern))
    }
}

/// Whether a regular expression matches anywhere in the text.
///
/// # Errors
///
/// Where the pattern is malformed or too large. A [`Pattern`] among the settings is checked beforehand.
pub fn regex(pattern: &str, text: &str) -> Result<bool, String> {
    host::regex(pattern, text)
}

#[track_caller]
pub(crate) fn path(template: &str, path: &str) -> Option<Captures> {
    match host::path(template, path) {
        Ok(captures) => captures.map(Captures),
        Err(reason) => malformed(&reason),
    }
}

#[track_caller]
#[cold]
#[expect(clippy::panic, reason = "a mistake in the policy's own code: it must show in its tests and in the log")]
fn malformed(reason: &str) -> ! {
    panic!("{reason}")
}
