//! Compiled patterns, kept for the next call.

use std::fmt;
use std::num::NonZeroUsize;

use lru::LruCache;
use regex::{Regex, RegexBuilder};

use super::{PathTemplate, PatternError};
use crate::limits::{PATTERN_BYTES, PATTERN_CACHE, PATTERN_PROGRAM};

/// None until a pattern is kept: an empty one takes its memory at once.
type Compiled<T> = Option<LruCache<String, Result<T, PatternError>>>;

/// The compiled patterns of one policy, [`PATTERN_CACHE`] of each kind: the least recently used goes first. A pattern that
/// is wrong is remembered as well.
#[derive(Default)]
pub struct PatternCache {
    regexes: Compiled<Regex>,
    templates: Compiled<PathTemplate>,
}

impl PatternCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a regular expression matches anywhere in the text. Linear time: no look-around, no back-references.
    ///
    /// # Errors
    /// Says what is wrong with the pattern.
    pub fn regex(&mut self, pattern: &str, text: &str) -> Result<bool, PatternError> {
        kept(&mut self.regexes, pattern, regex)?.as_ref().map(|regex| regex.is_match(text)).map_err(Clone::clone)
    }

    /// The captures of a [`PathTemplate`], when the path matches.
    ///
    /// # Errors
    /// Says what is wrong with the template.
    pub fn path(&mut self, template: &str, path: &str) -> Result<Option<Vec<(String, String)>>, PatternError> {
        let template = kept(&mut self.templates, template, PathTemplate::parse)?;
        template.as_ref().map(|template| template.captures(path)).map_err(Clone::clone)
    }
}

impl fmt::Debug for PatternCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("PatternCache");
        shown.field("regexes", &count(&self.regexes)).field("templates", &count(&self.templates)).finish()
    }
}

fn count<T>(cache: &Compiled<T>) -> usize {
    cache.as_ref().map_or(0, LruCache::len)
}

/// Patterns beyond the limit are refused before they are kept.
fn kept<'a, T>(
    cache: &'a mut Compiled<T>,
    pattern: &str,
    compile: impl FnOnce(&str) -> Result<T, PatternError>,
) -> Result<&'a Result<T, PatternError>, PatternError> {
    if !PATTERN_BYTES.admits(pattern.len()) {
        return Err(PatternError::TooLong);
    }
    let room = NonZeroUsize::new(PATTERN_CACHE.size()).unwrap_or(NonZeroUsize::MIN);
    Ok(cache.get_or_insert_with(|| LruCache::new(room)).get_or_insert_ref(pattern, || compile(pattern)))
}

fn regex(pattern: &str) -> Result<Regex, PatternError> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(PATTERN_PROGRAM.size()).dfa_size_limit(PATTERN_PROGRAM.size());
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::Program,
        error => PatternError::Regex(reason(&error)),
    })
}

/// The last line of a drawing that points into the pattern.
fn reason(error: &regex::Error) -> String {
    let drawing = error.to_string();
    let last = drawing.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_expression_matches_anywhere() {
        let mut cache = PatternCache::new();
        assert_eq!(cache.regex(r"^/orders/\d+$", "/orders/12"), Ok(true));
        assert_eq!(cache.regex(r"^/orders/\d+$", "/orders/x"), Ok(false));
        assert_eq!(cache.regex("(?i)É", "café"), Ok(true));
        assert_eq!(cache.path("/orders/{id}", "/orders/12"), Ok(Some(vec![("id".into(), "12".into())])));
        assert_eq!(cache.path("/orders/{id}", "/"), Ok(None));
    }

    #[test]
    fn a_wrong_pattern_says_why_each_time() {
        let mut cache = PatternCache::new();
        for _ in 0..2 {
            let unclosed = cache.regex("a(b", "").unwrap_err();
            assert_eq!(unclosed.to_string(), "the regular expression is wrong: unclosed group");
            let template = cache.path("a", "/").unwrap_err();
            assert_eq!(template.to_string(), "the path template is wrong: it must start with a slash");
        }
        let look = cache.regex("a(?=b)", "").unwrap_err().to_string();
        assert!(look.contains("look-around"), "{look}");
        let bomb = cache.regex(r"(\w{90}){90}", "").unwrap_err().to_string();
        assert_eq!(bomb, "the regular expression is larger than 262144 bytes once compiled");
        let long = cache.regex(&"a".repeat(1025), "").unwrap_err();
        assert_eq!(long.to_string(), "the pattern is longer than 1024 bytes");
    }

    #[test]
    fn the_least_recently_used_pattern_goes_first() {
        let mut cache = PatternCache::new();
        for n in 0..PATTERN_CACHE.value {
            cache.regex(&format!("p{n}"), "").unwrap();
        }
        cache.regex("p0", "").unwrap();
        cache.regex("one more", "").unwrap();
        let regexes = cache.regexes.unwrap();
        assert!(regexes.contains("p0") && !regexes.contains("p1"));
        assert_eq!(regexes.len(), PATTERN_CACHE.size());
    }
}
