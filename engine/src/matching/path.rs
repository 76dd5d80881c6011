//! Path templates: `/orders/{id}/items/**`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::PatternError;
use crate::limits::PATTERN_BYTES;

/// A path template. Segment by segment: `{name}` stands for one segment and captures it, `*` stands for one, `**` for any
/// number and none, at the end; anything else stands for itself.
///
/// A path's segments are percent-decoded before they are compared, so `/a%2Fb` has one segment. One that stands for
/// another must not be empty, and a slash at the end counts: `/orders/` is not `/orders`, though both match `/orders/**`.
///
/// ```
/// # use misrule_engine::matching::PathTemplate;
/// let template = PathTemplate::parse("/orders/{id}/items/**").unwrap();
/// assert_eq!(template.captures("/orders/7%2B/items/a/b"), Some(vec![("id".to_owned(), "7+".to_owned())]));
/// assert_eq!(template.captures("/orders/7"), None);
/// assert_eq!(
///     PathTemplate::parse("orders").unwrap_err().to_string(),
///     "the path template is wrong: it must start with a slash"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    segments: Vec<Segment>,
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
    Capture(String),
}

impl PathTemplate {
    /// Reads a template of at most [`PATTERN_BYTES`].
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(template: &str) -> Result<Self, PatternError> {
        if !PATTERN_BYTES.admits(template.len()) {
            return Err(PatternError::TooLong);
        }
        read(template).map_err(PatternError::Template)
    }

    /// The captures, percent-decoded, in the template's order, when the path matches. What a capture decodes to that is no
    /// UTF-8 becomes U+FFFD; a literal never matches it.
    pub fn captures(&self, path: &str) -> Option<Vec<(String, String)>> {
        let mut given = path.strip_prefix('/')?.split('/');
        let mut captures = Vec::new();
        for segment in &self.segments {
            let bytes: Cow<'_, [u8]> = percent_decode_str(given.next()?).into();
            match segment {
                Segment::Literal(text) if *bytes == *text.as_bytes() => {}
                Segment::Any if !bytes.is_empty() => {}
                Segment::Capture(name) if !bytes.is_empty() => {
                    captures.push((name.clone(), String::from_utf8_lossy(&bytes).into_owned()));
                }
                _ => return None,
            }
        }
        (self.open || given.next().is_none()).then_some(captures)
    }
}

fn read(template: &str) -> Result<PathTemplate, &'static str> {
    let path = template.strip_prefix('/').ok_or("it must start with a slash")?;
    let mut segments: Vec<&str> = path.split('/').collect();
    let open = segments.last() == Some(&"**");
    if open {
        segments.pop();
    }
    let segments = segments.into_iter().map(segment).collect::<Result<Vec<_>, _>>()?;
    if has_twins(&segments) {
        return Err("two captures have the same name");
    }
    Ok(PathTemplate { segments, open })
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    let capture = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match (text, capture) {
        ("*", _) => Ok(Segment::Any),
        ("**", _) => Err("`**` can only stand at the end"),
        (_, Some("")) => Err("a capture needs a name, as in `{id}`"),
        (_, Some(name)) if !name.contains(['{', '}']) => Ok(Segment::Capture(name.to_owned())),
        _ if text.contains(['{', '}']) => Err("a capture takes a whole segment, as in `/{id}/`"),
        _ if text.contains('*') => Err("`*` takes a whole segment, as in `/*/`"),
        _ => Ok(Segment::Literal(text.to_owned())),
    }
}

fn has_twins(segments: &[Segment]) -> bool {
    let mut names: Vec<_> = segments.iter().filter(|segment| matches!(segment, Segment::Capture(_))).collect();
    let all = names.len();
    names.sort_unstable_by_key(|segment| match segment {
        Segment::Capture(name) => name.as_str(),
        _ => "",
    });
    names.dedup();
    names.len() < all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captures(template: &str, path: &str) -> Option<String> {
        let captures = PathTemplate::parse(template).unwrap().captures(path)?;
        Some(captures.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_template_matches_segment_by_segment() {
        let rows = [
            ("/", "/", Some("")),
            ("/health", "/health", Some("")),
            ("/health", "/he%61lth", Some("")),
            ("/health", "/Health", None),
            ("/health", "/health/", None),
            ("/health/", "/health/", Some("")),
            ("/health", "health", None),
            ("/orders/{id}", "/orders/7", Some("id=7")),
            ("/orders/{id}", "/orders/", None),
            ("/orders/{id}", "/orders/7/items", None),
            ("/{a}/*/{b}", "/1/2/3%20x", Some("a=1 b=3 x")),
            ("/a/**", "/a", Some("")),
            ("/a/**", "/a/", Some("")),
            ("/a/**", "/a/b/c", Some("")),
            ("/a/**", "/ab", None),
            ("/**", "/", Some("")),
            ("/{id}", "/a%2Fb", Some("id=a/b")),
            ("/{id}", "/%ff", Some("id=\u{fffd}")),
            ("/%20", "/%20", None),
            ("/é", "/%C3%A9", Some("")),
        ];
        for (template, path, expected) in rows {
            assert_eq!(captures(template, path).as_deref(), expected, "{template} on {path}");
        }
    }

    #[test]
    fn a_wrong_template_says_why() {
        let rows = [
            ("", "it must start with a slash"),
            ("/a/**/b", "`**` can only stand at the end"),
            ("/{}", "a capture needs a name, as in `{id}`"),
            ("/a{id}", "a capture takes a whole segment, as in `/{id}/`"),
            ("/{a{b}}", "a capture takes a whole segment, as in `/{id}/`"),
            ("/a*", "`*` takes a whole segment, as in `/*/`"),
            ("/{a}/{b}/{a}", "two captures have the same name"),
        ];
        for (template, reason) in rows {
            let error = PathTemplate::parse(template).unwrap_err();
            assert_eq!(error.to_string(), format!("the path template is wrong: {reason}"), "{template}");
        }
        assert_eq!(PathTemplate::parse(&"/".repeat(1025)), Err(PatternError::TooLong));
    }

    proptest! {
        #[test]
        fn what_was_encoded_into_a_path_is_captured(value in "\\PC{1,20}") {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(captures("/a/{x}/b", &format!("/a/{encoded}/b")), Some(format!("x={value}")));
        }
    }
}
