//! Editing at an RFC 6901 pointer.

use std::borrow::Cow;

use super::EditError;
use super::members::{Members, replaced, span};
use crate::invocation::json;

/// The text with this JSON value at the pointer, or without what stands there.
///
/// A member that is not there yet is added to its object, and `-` adds an element at the end of an array; nothing else is
/// made on the way. Of members with the same name the last is replaced, and all are removed.
///
/// # Errors
/// [`EditError`], which says what the text lacks. That `value` is JSON is for the caller to know.
///
/// ```
/// # use misrule_engine::invocation::edit::pointed;
/// let text = br#"{ "order": {"id" : 7, "lines": [1,2]}, "total": 1.50 }"#;
/// let edited = pointed(text, "/order/lines/0", Some("\"one\"")).unwrap();
/// assert_eq!(edited, br#"{ "order": {"id" : 7, "lines": ["one",2]}, "total": 1.50 }"#);
/// let error = pointed(text, "/customer/id", None).unwrap_err();
/// assert_eq!(error.to_string(), "the pointer leads nowhere: there is no object or array before its segment 2");
/// ```
pub fn pointed(text: &[u8], pointer: &str, value: Option<&str>) -> Result<Vec<u8>, EditError> {
    let whole = json::at(text, "").ok_or(EditError::NotJson)?;
    let text = std::str::from_utf8(text).map_err(|_| EditError::NotJson)?;
    let mut tokens = json::tokens(pointer).ok_or(EditError::NoPointer)?;
    let Some(last) = tokens.pop() else {
        let place = span(text, whole).ok_or(EditError::NotJson)?;
        return Ok(replaced(text, &[(place, value.ok_or(EditError::Whole)?)]));
    };
    let depth = tokens.len() + 1;
    let parent = json::descend(whole, tokens).and_then(|slice| Members::of(text, slice));
    let parent = parent.ok_or(EditError::NoParent(depth))?;
    match value {
        Some(value) => put(text, &parent, &last, value),
        None => remove(text, &parent, &last),
    }
}

fn put(text: &str, parent: &Members<'_>, last: &str, value: &str) -> Result<Vec<u8>, EditError> {
    if let Some(place) = hits(parent, last).last().and_then(|index| parent.value(*index)) {
        return Ok(replaced(text, &[(place, value)]));
    }
    let (room, comma) = parent.room();
    let name = match parent.is_object {
        true => Cow::Owned(format!("{}:", json::quoted(last))),
        false if last == "-" => Cow::Borrowed(""),
        false => return Err(EditError::NoElement),
    };
    Ok(replaced(text, &[(room..room, &format!("{comma}{name}{value}"))]))
}

fn remove(text: &str, parent: &Members<'_>, last: &str) -> Result<Vec<u8>, EditError> {
    let gone = hits(parent, last);
    if gone.is_empty() {
        return Err(EditError::NothingThere);
    }
    let cuts: Vec<_> = parent.without(text, &gone).into_iter().map(|cut| (cut, "")).collect();
    Ok(replaced(text, &cuts))
}

/// The members of this name, or the element of this number.
fn hits(parent: &Members<'_>, token: &str) -> Vec<usize> {
    if parent.is_object {
        return parent.named(|name| name == token);
    }
    json::index(token).filter(|index| *index < parent.len()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const TEXT: &str = r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {}, "f":[] } "#;

    fn edited(pointer: &str, value: Option<&str>) -> Result<String, EditError> {
        pointed(TEXT.as_bytes(), pointer, value).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_value_is_put_and_every_other_byte_stays() {
        let rows = [
            ("", " 7 "),
            ("/a", r#" { "a" : 7 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {}, "f":[] } "#),
            ("/b/c~1d/1", r#" { "a" : 1 , "b":{"c/d": [ 1, 7 ,3 ]}, "e": {}, "f":[] } "#),
            ("/b/c~1d/-", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3,7 ]}, "e": {}, "f":[] } "#),
            ("/b/\"n\"", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ],"\"n\"":7}, "e": {}, "f":[] } "#),
            ("/e/", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {"":7}, "f":[] } "#),
            ("/f/-", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {}, "f":[7] } "#),
            ("/-", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {}, "f":[],"-":7 } "#),
        ];
        for (pointer, expected) in rows {
            assert_eq!(edited(pointer, Some("7")).as_deref(), Ok(expected), "{pointer}");
        }
    }

    #[test]
    fn what_is_removed_takes_one_comma_along() {
        let rows = [
            ("/a", r#" { "b":{"c/d": [ 1, 2 ,3 ]}, "e": {}, "f":[] } "#),
            ("/e", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "f":[] } "#),
            ("/f", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ,3 ]}, "e": {} } "#),
            ("/b/c~1d", r#" { "a" : 1 , "b":{}, "e": {}, "f":[] } "#),
            ("/b/c~1d/0", r#" { "a" : 1 , "b":{"c/d": [ 2 ,3 ]}, "e": {}, "f":[] } "#),
            ("/b/c~1d/2", r#" { "a" : 1 , "b":{"c/d": [ 1, 2 ]}, "e": {}, "f":[] } "#),
        ];
        for (pointer, expected) in rows {
            assert_eq!(edited(pointer, None).as_deref(), Ok(expected), "{pointer}");
        }
    }

    #[test]
    fn where_the_text_lacks_something_it_is_said() {
        let rows = [
            ("", None, EditError::Whole),
            ("a", Some("7"), EditError::NoPointer),
            ("/a~2", None, EditError::NoPointer),
            ("/x/y", Some("7"), EditError::NoParent(2)),
            ("/a/x", Some("7"), EditError::NoParent(2)),
            ("/f/0", Some("7"), EditError::NoElement),
            ("/b/c~1d/x", Some("7"), EditError::NoElement),
            ("/b/c~1d/-", None, EditError::NothingThere),
            ("/x", None, EditError::NothingThere),
        ];
        for (pointer, value, expected) in rows {
            assert_eq!(edited(pointer, value), Err(expected), "{pointer}");
        }
        for text in [&b"no json"[..], b"", b"{\"a\":1", b"\"\xff\""] {
            assert_eq!(pointed(text, "/a", Some("7")), Err(EditError::NotJson));
        }
    }

    #[test]
    fn of_members_with_the_same_name_the_last_is_replaced_and_all_are_removed() {
        let text = br#"{"a":1, "b":2, "\u0061":3, "c":4, "a":5}"#;
        assert_eq!(pointed(text, "/a", Some("7")).unwrap(), br#"{"a":1, "b":2, "\u0061":3, "c":4, "a":7}"#);
        assert_eq!(pointed(text, "/a", None).unwrap(), br#"{"b":2, "c":4}"#);
        assert_eq!(pointed(br#"{ "a":1, "a":2 }"#, "/a", None).unwrap(), b"{  }");
    }

    proptest! {
        #[test]
        fn what_was_put_is_read_back_and_nothing_else_has_changed(
            keys in prop::collection::vec("[a-c~/\"]{0,2}", 1..4), pretty: bool, n: u8,
        ) {
            let mut value = Value::from(1);
            for key in keys.iter().rev() {
                value = serde_json::json!({ key.as_str(): value, "beside": [n, "x"] });
            }
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let pointer: String =
                keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect();
            let put = pointed(text.as_bytes(), &pointer, Some("[7]")).unwrap();
            prop_assert_eq!(json::at(&put, &pointer), Some("[7]"));
            prop_assert_eq!(pointed(&put, &pointer, Some("1")).unwrap(), text.as_bytes());
            let gone = pointed(text.as_bytes(), &pointer, None).unwrap();
            prop_assert_eq!(json::at(&gone, &pointer), None);
            let parent = &pointer[..pointer.rfind('/').unwrap()];
            prop_assert!(serde_json::from_slice::<Value>(&gone).unwrap().pointer(parent).unwrap()["beside"].is_array());
        }
    }
}
