//! A JSON text that is looked at piece by piece.

use std::borrow::Cow;
use std::str;
use std::sync::OnceLock;

use bytes::Bytes;

use super::json::{self, Part};

/// Which JSON document a pointer is resolved in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The whole event or answer.
    Whole,
    /// Its decoded HTTP body, read as JSON.
    Body,
}

/// A text, JSON or not, that remembers where its top-level members stand: an event of megabytes is walked once.
pub(super) struct JsonText {
    bytes: Bytes,
    top: OnceLock<Top>,
}

enum Top {
    /// Names and values, both in the text's own bytes but for names with escapes.
    Members(Vec<(Bytes, Bytes)>),
    NotIndexed,
    NotJson,
}

/// More members than this are not remembered but walked again: no sender's event has as many at its top, and a caller's
/// body must not fill the memory.
const INDEXED_MEMBERS: usize = 256;

/// As many as an event has at its top, within a few: room for so many is made at once.
const USUAL_MEMBERS: usize = 16;

impl JsonText {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { bytes, top: OnceLock::new() }
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// As [`json::at`], with the first step remembered.
    pub(super) fn at(&self, pointer: &str) -> Option<&str> {
        let mut tokens = json::tokens(pointer)?.into_iter();
        match self.top() {
            Top::Members(_) if pointer.is_empty() => json::at(&self.bytes, ""),
            Top::Members(_) => json::descend(self.member(&tokens.next()?)?, tokens),
            Top::NotIndexed => json::at(&self.bytes, pointer),
            Top::NotJson => None,
        }
    }

    /// A top-level member.
    pub(super) fn member(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.member_bytes(name)?).ok()
    }

    /// A top-level member that is a string, unescaped; the event's own bytes where nothing is escaped.
    pub(super) fn string_member(&self, name: &str) -> Option<Bytes> {
        let value = self.member_bytes(name)?;
        let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if inner.contains(&b'\\') {
            return json::text(str::from_utf8(value).ok()?).map(Bytes::from);
        }
        Some(self.bytes.slice_ref(inner))
    }

    /// The unescaped string at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        json::text(self.at(pointer)?)
    }

    fn member_bytes(&self, wanted: &str) -> Option<&[u8]> {
        match self.top() {
            Top::Members(members) => {
                members.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref())
            }
            Top::NotIndexed => {
                let token = wanted.replace('~', "~0").replace('/', "~1");
                json::at(&self.bytes, &format!("/{token}")).map(str::as_bytes)
            }
            Top::NotJson => None,
        }
    }

    fn top(&self) -> &Top {
        self.top.get_or_init(|| self.index())
    }

    fn index(&self) -> Top {
        let Ok(text) = str::from_utf8(&self.bytes) else { return Top::NotJson };
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        let mut beyond = false;
        let walked = json::walk(text, |part, value| match part {
            Part::Member(name) if members.len() < INDEXED_MEMBERS => {
                let name = match name {
                    Cow::Borrowed(name) => self.bytes.slice_ref(name.as_bytes()),
                    Cow::Owned(name) => name.into(),
                };
                members.push((name, self.bytes.slice_ref(value.as_bytes())));
            }
            _ => beyond = true,
        });
        match walked {
            Some(()) if beyond || members.is_empty() => Top::NotIndexed,
            Some(()) => Top::Members(members),
            None if self.starts_as_scalar() => Top::NotIndexed,
            None => Top::NotJson,
        }
    }

    fn starts_as_scalar(&self) -> bool {
        let first = self.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        first.is_some_and(|byte| !b"{[".contains(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> JsonText {
        JsonText::new(Bytes::copy_from_slice(json.as_bytes()))
    }

    #[test]
    fn an_index_and_a_walk_find_the_same() {
        let many = (0..300).map(|n| format!("\"k{n}\": {{\"n\": [{n}]}}")).collect::<Vec<_>>().join(", ");
        let (few, many) = (text(r#"{"a~/b": {"c": 1}, "a": 1, "a": [2] }"#), text(&format!("{{{many}}}")));
        assert!(matches!((few.top(), many.top()), (Top::Members(_), Top::NotIndexed)));
        assert_eq!((few.at("/a~0~1b/c"), few.at("/a/0"), few.at("/b")), (Some("1"), Some("2"), None));
        assert_eq!(
            (many.at("/k299/n/0"), many.member("k7"), many.at("/k300")),
            (Some("299"), Some("{\"n\": [7]}"), None)
        );
        assert_eq!(few.at(""), Some(r#"{"a~/b": {"c": 1}, "a": 1, "a": [2] }"#));
    }

    #[test]
    fn arrays_and_scalars_have_a_root() {
        assert_eq!(
            (text("[1, 2]").at("/1"), text(" 7 ").at(""), text("{}").at("")),
            (Some("2"), Some("7"), Some("{}"))
        );
        assert_eq!((text("{} x").at(""), text("nul").at(""), text("").at("")), (None, None, None));
    }

    #[test]
    fn a_string_without_escapes_is_not_copied() {
        let event = text(r#"{"plain": "abc", "escaped": "a\nb", "number": 1}"#);
        let plain = event.string_member("plain").unwrap();
        assert_eq!(plain.as_ptr(), event.bytes()[11..].as_ptr());
        assert_eq!((&plain[..], &event.string_member("escaped").unwrap()[..]), (&b"abc"[..], &b"a\nb"[..]));
        assert_eq!(event.string_member("number"), None);
    }
}
