//! Editing an HTTP body, which every shape keeps in the members `body` and `isBase64Encoded`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::{EditError, pointed};
use crate::invocation::document::JsonText;
use crate::invocation::{http, json};

/// The text with its HTTP body edited as [`pointed`](fn@pointed) edits: a body in base64 stays in base64, JSON in a string
/// stays a string. A text without a body gets one where the whole of it is put.
///
/// # Errors
/// [`EditError`], about the text or about its body.
pub fn body(text: &[u8], pointer: &str, value: Option<&str>) -> Result<Vec<u8>, EditError> {
    let event = JsonText::new(Bytes::copy_from_slice(text));
    let body = http::body(&event);
    let edited = match (body, pointer, value) {
        (_, "", Some(value)) => value.as_bytes().to_vec(),
        (Some(body), ..) => pointed(&body, pointer, value)?,
        (None, ..) => return Err(EditError::NoBody),
    };
    with_body(text, &edited)
}

/// The text with this HTTP body, in base64 where the text says so.
///
/// # Errors
/// [`EditError`] where the text is no JSON object, or says that its body is text and the new one is not.
pub fn with_body(text: &[u8], body: &[u8]) -> Result<Vec<u8>, EditError> {
    let encoded = json::at(text, "/isBase64Encoded").and_then(json::boolean) == Some(true);
    let written = match encoded {
        true => BASE64_STANDARD.encode(body),
        false => std::str::from_utf8(body).map_err(|_| EditError::NoBody)?.to_owned(),
    };
    pointed(text, "/body", Some(&json::quoted(&written)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, pointer: &str, value: Option<&str>) -> Result<String, EditError> {
        body(text.as_bytes(), pointer, value).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn json_in_a_string_stays_a_string() {
        let text = r#"{"body": "{\"a\": \"\u00e9\\n\", \"b\":1}", "isBase64Encoded": false}"#;
        assert_eq!(
            edited(text, "/b", Some("[2]")).as_deref(),
            Ok(r#"{"body": "{\"a\": \"é\\n\", \"b\":[2]}", "isBase64Encoded": false}"#)
        );
    }

    #[test]
    fn base64_stays_base64() {
        let text = r#"{"isBase64Encoded":true, "body":"eyJhIjogMX0="}"#;
        assert_eq!(edited(text, "/a", Some("2")).as_deref(), Ok(r#"{"isBase64Encoded":true, "body":"eyJhIjogMn0="}"#));
        assert_eq!(edited(text, "/a", None).as_deref(), Ok(r#"{"isBase64Encoded":true, "body":"e30="}"#));
    }

    #[test]
    fn a_whole_body_is_put_also_where_there_was_none() {
        for text in [r#"{"body":null}"#, r#"{"body":"no json"}"#] {
            assert_eq!(edited(text, "", Some("7")).as_deref(), Ok(r#"{"body":"7"}"#), "{text}");
        }
        assert_eq!(edited("{}", "", Some("7")).as_deref(), Ok(r#"{"body":"7"}"#));
    }

    #[test]
    fn what_the_body_lacks_is_said() {
        for (text, pointer, value, expected) in [
            (r#"{"body":null}"#, "/a", Some("1"), EditError::NoBody),
            (r#"{"body":"%","isBase64Encoded":true}"#, "/a", Some("1"), EditError::NoBody),
            (r#"{"body":"no json"}"#, "/a", Some("1"), EditError::NotJson),
            (r#"{"body":"{}"}"#, "/a", None, EditError::NothingThere),
            (r#"{"body":"{}"}"#, "", None, EditError::Whole),
            ("[]", "", Some("1"), EditError::NoElement),
        ] {
            assert_eq!(edited(text, pointer, value), Err(expected), "{text} {pointer}");
        }
    }

    #[test]
    fn a_body_that_is_no_text_needs_base64() {
        assert_eq!(with_body(br#"{"body":""}"#, b"\xff"), Err(EditError::NoBody));
        let encoded = br#"{"body":"","isBase64Encoded":true}"#;
        assert_eq!(with_body(encoded, b"\xff").unwrap(), br#"{"body":"/w==","isBase64Encoded":true}"#);
    }
}
