//! Reading headers, parameters and paths out of the members that hold them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::invocation::document::JsonText;
use crate::invocation::json::{self, Part};

/// The values of the members that `wanted` picks, in order. A member is a string or a list of strings.
pub(in crate::invocation) fn values(object: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    json::walk(object, |part, value| match part {
        Part::Member(name) if wanted(&name) => found.extend(strings(value)),
        _ => {}
    });
    found
}

/// A string, or the strings of a list.
pub(in crate::invocation) fn strings(value: &str) -> Vec<String> {
    if let Some(text) = json::text(value) {
        return vec![text];
    }
    let mut texts = Vec::new();
    json::walk(value, |part, item| {
        if matches!(part, Part::Element(_)) {
            texts.extend(json::text(item));
        }
    });
    texts
}

/// The values that `wanted` picks from the member with every value, or where the event has none, from the one with the
/// last of each.
pub(super) fn multi_values(event: &JsonText, members: [&str; 2], wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let object = members.iter().filter_map(|name| event.member(name)).find(|value| value.starts_with('{'));
    object.map(|object| values(object, wanted)).unwrap_or_default()
}

/// Percent-decodes; `+` is a space, as forms write it. What is then no UTF-8 becomes U+FFFD.
pub(super) fn decoded(text: &str) -> String {
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The path without a first segment that is the stage's name. The stage `$default` is never in a path.
pub(super) fn without_stage(path: String, stage: Option<&str>) -> String {
    let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    match rest {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_first_segment_is_the_stage() {
        let rows = [
            ("/prod/x", Some("prod"), "/x"),
            ("/prod", Some("prod"), "/"),
            ("/prod/prod/x", Some("prod"), "/prod/x"),
            ("/production/x", Some("prod"), "/production/x"),
            ("/x", Some("$default"), "/x"),
            ("/x", None, "/x"),
        ];
        for (path, stage, expected) in rows {
            assert_eq!(without_stage(path.to_owned(), stage), expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_percent_decoded() {
        assert_eq!(decoded("a+b%20c%2B%C3%A9%zz%ff"), "a b c+é%zz\u{fffd}");
    }
}
