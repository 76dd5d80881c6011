//! Answers whose status, headers and body their service infers.

use std::borrow::Cow;

use bytes::Bytes;

use super::EditError;
use crate::invocation::document::JsonText;
use crate::invocation::{HttpShape, http, json};

/// The answer with its status, headers and body as members, where the service takes the whole of it for the body of a 200.
/// Any other answer stays as it is.
pub fn stated(text: &[u8], shape: HttpShape) -> Cow<'_, [u8]> {
    let Some(whole) = json::at(text, "").filter(|_| shape.infers(json::at(text, "/statusCode").is_some())) else {
        return text.into();
    };
    let body = json::quoted(whole);
    let stated = format!(
        r#"{{"statusCode":200,"headers":{{"content-type":"application/json"}},"body":{body},"isBase64Encoded":false}}"#
    );
    stated.into_bytes().into()
}

/// The HTTP body of the text, decoded where the text carries it in base64.
///
/// # Errors
/// [`EditError::NoBody`] where it has none, or one that is no valid base64.
pub fn decoded(text: &[u8]) -> Result<Bytes, EditError> {
    http::body(&JsonText::new(Bytes::copy_from_slice(text))).ok_or(EditError::NoBody)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_infers_is_stated() {
        let text = br#" {"order": "a\"b"} "#;
        let expected = concat!(
            r#"{"statusCode":200,"headers":{"content-type":"application/json"},"#,
            r#""body":"{\"order\": \"a\\\"b\"}","isBase64Encoded":false}"#
        );
        for shape in [HttpShape::HttpApiV2, HttpShape::FunctionUrl] {
            let stated = stated(text, shape);
            assert_eq!(std::str::from_utf8(&stated), Ok(expected));
            assert_eq!(decoded(&stated).unwrap(), &br#"{"order": "a\"b"}"#[..]);
        }
    }

    #[test]
    fn what_says_its_status_or_goes_to_another_service_stays() {
        let rows = [
            (&br#"{"statusCode": 204}"#[..], HttpShape::FunctionUrl),
            (br#"{"order": 7}"#, HttpShape::RestApi),
            (b"no json", HttpShape::FunctionUrl),
        ];
        for (text, shape) in rows {
            assert_eq!(stated(text, shape), text, "{shape:?}");
        }
        assert_eq!(decoded(br#"{"body": "%", "isBase64Encoded": true}"#), Err(EditError::NoBody));
    }
}
