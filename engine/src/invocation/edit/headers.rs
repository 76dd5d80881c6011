//! Setting and removing HTTP headers, wherever an event or an answer has them.

use std::borrow::Cow;

use super::members::{Members, replaced};
use super::{EditError, pointed};
use crate::invocation::json;

/// The header that the member `cookies` of payload format 2.0 stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// `cookie`, in a request.
    Sent,
    /// `set-cookie`, in an answer.
    Set,
}

impl Cookies {
    const fn header(self) -> &'static str {
        match self {
            Self::Sent => "cookie",
            Self::Set => "set-cookie",
        }
    }

    /// The cookies of one header's value: a request has all of them in one.
    fn split(self, value: &str) -> impl Iterator<Item = &str> {
        let between = match self {
            Self::Sent => "; ",
            Self::Set => "\r\n",
        };
        value.split(between)
    }
}

/// The text with this header set to one value, or without it. Names have no case: the event's own spelling stays.
///
/// Where the text has `headers` and `multiValueHeaders`, both are changed, as API Gateway writes both; where it has
/// neither, `headers` is made. Cookies of payload format 2.0 stand in a list of their own, and change there.
///
/// # Errors
/// [`EditError`] where the text is no JSON object, or has no such header to remove.
pub fn header(text: &[u8], cookies: Cookies, name: &str, value: Option<&str>) -> Result<Vec<u8>, EditError> {
    if !json::at(text, "").ok_or(EditError::NotJson)?.starts_with('{') {
        return Err(EditError::NoHeader(name.to_owned()));
    }
    let mut changed = Cow::Borrowed(text);
    let listed = listed_cookies(&mut changed, cookies, name, value)?;
    let mut found = listed;
    for (member, list) in [("/headers", false), ("/multiValueHeaders", true)] {
        let value = value.map(|value| quoted(value, list));
        found |= in_object(&mut changed, member, name, value.as_deref(), !listed)?;
    }
    match value {
        Some(value) if !found => pointed(&changed, "/headers", Some(&only(name, value))),
        None if !found => Err(EditError::NoHeader(name.to_owned())),
        _ => Ok(changed.into_owned()),
    }
}

/// Changes the list of cookies, where the text has one and the header is its; says whether it does.
fn listed_cookies(
    text: &mut Cow<'_, [u8]>,
    cookies: Cookies,
    name: &str,
    value: Option<&str>,
) -> Result<bool, EditError> {
    let has_list = json::at(text, "/cookies").is_some_and(|list| list.starts_with('['));
    if !has_list || !name.eq_ignore_ascii_case(cookies.header()) {
        return Ok(false);
    }
    let list: Vec<_> = value.iter().flat_map(|value| cookies.split(value)).map(json::quoted).collect();
    *text = pointed(text, "/cookies", Some(&format!("[{}]", list.join(","))))?.into();
    Ok(true)
}

/// Changes the header in one of the objects that hold headers, where the text has that object. Says whether the header now
/// stands in it or, where it is to go, stood in it before.
fn in_object(
    text: &mut Cow<'_, [u8]>,
    member: &str,
    name: &str,
    value: Option<&str>,
    may_add: bool,
) -> Result<bool, EditError> {
    let whole = std::str::from_utf8(text).map_err(|_| EditError::NotJson)?;
    let object = json::at(text, member).filter(|object| object.starts_with('{'));
    let Some(object) = object.and_then(|slice| Members::of(whole, slice)) else { return Ok(false) };
    let spelt = object.named(|known| known.eq_ignore_ascii_case(name));
    let changed = match (value, spelt.first().and_then(|index| object.value(*index))) {
        (Some(value), Some(place)) => {
            let others = object.without(whole, &spelt[1..]).into_iter().map(|cut| (cut, ""));
            replaced(whole, &std::iter::once((place, value)).chain(others).collect::<Vec<_>>())
        }
        (Some(value), None) if may_add => {
            let (room, comma) = object.room();
            replaced(whole, &[(room..room, &format!("{comma}{}:{value}", json::quoted(name)))])
        }
        (None, Some(_)) => {
            let cuts = object.without(whole, &spelt).into_iter().map(|cut| (cut, ""));
            replaced(whole, &cuts.collect::<Vec<_>>())
        }
        _ => return Ok(false),
    };
    *text = changed.into();
    Ok(true)
}

fn quoted(value: &str, list: bool) -> String {
    let value = json::quoted(value);
    if list { format!("[{value}]") } else { value }
}

fn only(name: &str, value: &str) -> String {
    format!("{{{}:{}}}", json::quoted(name), json::quoted(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, name: &str, value: Option<&str>) -> Result<String, EditError> {
        header(text.as_bytes(), Cookies::Sent, name, value).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_header_is_set_wherever_the_event_has_it() {
        for (what, text, expected) in [
            (
                "REST API",
                r#"{"headers":{"X-Tenant" : "a"},"multiValueHeaders":{"X-Tenant":["b","a"]},"body":null}"#,
                r#"{"headers":{"X-Tenant" : "blue"},"multiValueHeaders":{"X-Tenant":["blue"]},"body":null}"#,
            ),
            ("HTTP API", r#"{"headers":{"x-tenant":"a,b"}}"#, r#"{"headers":{"x-tenant":"blue"}}"#),
            ("load balancer", r#"{"headers":{}}"#, r#"{"headers":{"x-Tenant":"blue"}}"#),
            (
                "load balancer with lists",
                r#"{"multiValueHeaders":{"a":["b"]}}"#,
                r#"{"multiValueHeaders":{"a":["b"],"x-Tenant":["blue"]}}"#,
            ),
            (
                "null",
                r#"{"headers":null,"multiValueHeaders":null}"#,
                r#"{"headers":{"x-Tenant":"blue"},"multiValueHeaders":null}"#,
            ),
            ("none", r#"{"a":1}"#, r#"{"a":1,"headers":{"x-Tenant":"blue"}}"#),
            (
                "spelt twice",
                r#"{"headers":{"X-Tenant":"a","b":"c","x-tenant":"d"}}"#,
                r#"{"headers":{"X-Tenant":"blue","b":"c"}}"#,
            ),
        ] {
            assert_eq!(edited(text, "x-Tenant", Some("blue")).as_deref(), Ok(expected), "{what}");
        }
    }

    #[test]
    fn a_header_is_removed_wherever_the_event_has_it() {
        let text = r#"{"headers":{"A":"1", "b":"2"}, "multiValueHeaders":{"A":["1"], "b":["2"], "a":["3"]}}"#;
        let expected = r#"{"headers":{"b":"2"}, "multiValueHeaders":{"b":["2"]}}"#;
        assert_eq!(edited(text, "a", None).as_deref(), Ok(expected));
        assert_eq!(edited(expected, "a", None), Err(EditError::NoHeader("a".to_owned())));
        assert_eq!(edited("[1]", "a", None), Err(EditError::NoHeader("a".to_owned())));
        assert_eq!(edited("no json", "a", None), Err(EditError::NotJson));
    }

    #[test]
    fn cookies_of_payload_2_stand_in_a_list() {
        let text = r#"{"cookies":["a=1","b=2"],"headers":{"cookie":"a=1; b=2","x":"y"}}"#;
        assert_eq!(
            edited(text, "Cookie", Some("c=3; d=4")).as_deref(),
            Ok(r#"{"cookies":["c=3","d=4"],"headers":{"cookie":"c=3; d=4","x":"y"}}"#)
        );
        assert_eq!(edited(text, "cookie", None).as_deref(), Ok(r#"{"cookies":[],"headers":{"x":"y"}}"#));
        let apart = r#"{"cookies":["a=1"],"headers":{}}"#;
        assert_eq!(edited(apart, "cookie", Some("b=2")).as_deref(), Ok(r#"{"cookies":["b=2"],"headers":{}}"#));
        let answer = header(br#"{"cookies":[]}"#, Cookies::Set, "Set-Cookie", Some("a=1; Path=/")).unwrap();
        assert_eq!(answer, br#"{"cookies":["a=1; Path=/"]}"#);
    }

    #[test]
    fn a_value_is_written_as_json() {
        assert_eq!(edited("{}", "a", Some("\"x\"\t")).as_deref(), Ok(r#"{"headers":{"a":"\"x\"\t"}}"#));
    }
}
