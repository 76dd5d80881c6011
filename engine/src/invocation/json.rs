//! Looking things up in JSON text (RFC 8259, RFC 6901) without parsing what nobody asked for: each level is walked once,
//! and what lies beside the way is skipped over.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// What stands at an RFC 6901 pointer: the exact source slice. None where nothing does, where the text is no JSON, and
/// where the pointer is none. Of members with the same name the last counts.
pub fn at<'a>(text: &'a [u8], pointer: &str) -> Option<&'a str> {
    let whole: &RawValue = serde_json::from_slice(text).ok()?;
    descend(whole.get(), tokens(pointer)?)
}

/// The kind of this JSON value.
pub fn kind(value: &str) -> Option<Kind> {
    Some(match value.as_bytes().first()? {
        b'n' => Kind::Null,
        b't' | b'f' => Kind::Boolean,
        b'"' => Kind::Text,
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        _ => Kind::Number,
    })
}

/// The boolean that this JSON value is.
pub fn boolean(value: &str) -> Option<bool> {
    serde_json::from_str(value).ok()
}

/// The number that this JSON value is; none where it is none, or too large for the type.
pub fn number(value: &str) -> Option<f64> {
    serde_json::from_str(value).ok()
}

/// The string that this JSON value is, unescaped; none where it is none, or escapes half a character.
pub fn text(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

/// How many elements this array or members this object has. Members with the same name count once.
pub fn count(value: &str) -> Option<u32> {
    let mut elements = 0_usize;
    let mut names = HashSet::new();
    walk(value, |part, _| match part {
        Part::Element(_) => elements += 1,
        Part::Member(name) => {
            names.insert(fingerprint(&name));
        }
    })?;
    u32::try_from(elements + names.len()).ok()
}

/// The names of this object's members, in order, each once; none where it is no object.
pub fn members(value: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    walk(value, |part, _| {
        if let Part::Member(name) = part
            && seen.insert(fingerprint(&name))
        {
            names.push(name.into_owned());
        }
    });
    names
}

/// This text as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The name or number of a value within the object or array around it.
pub(super) enum Part<'a> {
    Member(Cow<'a, str>),
    Element(usize),
}

/// Hands over each member of an object or element of an array with its source slice; none where the text is neither, or
/// is no JSON: then some may have been handed over already.
pub(super) fn walk<'a>(text: &'a str, each: impl FnMut(Part<'a>, &'a str)) -> Option<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_any(Walk(each)).ok()?;
    json.end().ok()
}

/// The segments of an RFC 6901 pointer, unescaped; none where it is none.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<Cow<'_, str>>> {
    match pointer.strip_prefix('/') {
        Some(segments) => segments.split('/').map(unescaped).collect(),
        None => pointer.is_empty().then(Vec::new),
    }
}

/// Follows the segments of a pointer down from a value.
pub(super) fn descend<'a, 't>(value: &'a str, tokens: impl IntoIterator<Item = Cow<'t, str>>) -> Option<&'a str> {
    tokens.into_iter().try_fold(value, |place, token| child(place, &token))
}

fn child<'a>(value: &'a str, token: &str) -> Option<&'a str> {
    let wanted = index(token);
    let mut found = None;
    walk(value, |part, slice| {
        let hit = match part {
            Part::Member(name) => name == token,
            Part::Element(position) => wanted == Some(position),
        };
        if hit {
            found = Some(slice);
        }
    })?;
    found
}

/// RFC 6901, section 4: digits without leading zeros.
pub(super) fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| token.parse().ok())?
}

fn unescaped(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('~') {
        return Some(Cow::Borrowed(segment));
    }
    let mut pieces = segment.split('~');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let (mark, rest) = match piece.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', piece.strip_prefix('1')?),
        };
        text.push(mark);
        text.push_str(rest);
    }
    Some(Cow::Owned(text))
}

/// Which of these names an object has.
pub(super) fn has<const N: usize>(value: &str, names: [&str; N]) -> [bool; N] {
    let mut found = [false; N];
    walk(value, |part, _| {
        if let Part::Member(name) = part {
            found.iter_mut().zip(names).for_each(|(found, wanted)| *found |= name == wanted);
        }
    });
    found
}

/// Stands for a name, so that a million names are not kept.
fn fingerprint(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Walk<F>(F);

impl<'a, F: FnMut(Part<'a>, &'a str)> Visitor<'a> for Walk<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Name(name), value)) = map.next_entry::<Name<'a>, &'a RawValue>()? {
            self.0(Part::Member(name), value.get());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut position = 0;
        while let Some(value) = sequence.next_element::<&'a RawValue>()? {
            self.0(Part::Element(position), value.get());
            position += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_pointer_finds_the_exact_source_slice() {
        let text = br#" {"a": {"b" : [1, {"c/d~e": "x\u0041" } ] }, "": 1.50, "n": null} "#;
        let rows = [
            ("/a/b/0", Some("1")),
            ("/a/b/1", Some(r#"{"c/d~e": "x\u0041" }"#)),
            ("/a/b/1/c~1d~0e", Some(r#""x\u0041""#)),
            ("/", Some("1.50")),
            ("/n", Some("null")),
            ("", Some(r#"{"a": {"b" : [1, {"c/d~e": "x\u0041" } ] }, "": 1.50, "n": null}"#)),
            ("/a/b/00", None),
            ("/a/b/+0", None),
            ("/a/b/-", None),
            ("/a/b/2", None),
            ("/a/b/1/c~2", None),
            ("/n/x", None),
            ("a", None),
        ];
        for (pointer, expected) in rows {
            assert_eq!(at(text, pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn of_members_with_the_same_name_the_last_counts() {
        let text = r#"{"a": 1, "b": 2, "\u0061": 3}"#;
        assert_eq!(at(text.as_bytes(), "/a"), Some("3"));
        assert_eq!(count(text), Some(2));
        assert_eq!(members(text), ["a", "b"]);
    }

    #[test]
    fn what_is_no_json_holds_nothing() {
        for wrong in ["", "{", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{"a": 01}"#, "\u{feff}{}", r#"{"a": 'x'}"#] {
            assert_eq!(at(wrong.as_bytes(), "/a"), None, "{wrong}");
        }
        assert_eq!(at(b"{\"a\": \"\xff\"}", "/a"), None);
    }

    #[test]
    fn a_value_of_another_type_is_none() {
        assert_eq!((text("1"), number("\"1\""), boolean("1"), count("\"ab\"")), (None, None, None, None));
        assert_eq!(
            (text(r#""\ud83d\ude00""#), number("-1e3"), boolean("false")),
            (Some("😀".into()), Some(-1000.0), Some(false))
        );
        assert_eq!((text(r#""\ud83d""#), number("1e999"), number("null")), (None, None, None));
        assert_eq!((count("[1, [2, 3]]"), count("{}"), members("[1]")), (Some(2), Some(0), Vec::<String>::new()));
        let kinds = ["null", "true", "-1", "\"\"", "[]", "{}"].map(|value| kind(value).unwrap());
        assert_eq!(kinds, [Kind::Null, Kind::Boolean, Kind::Number, Kind::Text, Kind::Array, Kind::Object]);
    }

    #[test]
    fn depth_costs_no_stack() {
        let text = format!("{{\"deep\": {}{}, \"last\": 7}}", "[".repeat(2_000_000), "]".repeat(2_000_000));
        assert_eq!(at(text.as_bytes(), "/last"), Some("7"));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        let name = prop_oneof!["[a-c]", "[~/0-2\\\\\"é]{0,3}"];
        leaf.prop_recursive(5, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn pointers(value: &Value, here: &str, into: &mut Vec<String>) {
        into.push(here.to_owned());
        match value {
            Value::Array(items) => {
                for (position, item) in items.iter().enumerate() {
                    pointers(item, &format!("{here}/{position}"), into);
                }
            }
            Value::Object(map) => {
                for (name, item) in map {
                    pointers(item, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), into);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_pointer_finds_what_a_full_parse_finds(value in value(), pretty: bool, astray in "(/[a-c0-2]){0,4}") {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let mut places = vec![astray];
            pointers(&value, "", &mut places);
            for pointer in places {
                let found = at(text.as_bytes(), &pointer).map(|slice| serde_json::from_str::<Value>(slice).unwrap());
                let whole: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(found.as_ref(), whole.pointer(&pointer), "{}", pointer);
            }
        }
    }
}
