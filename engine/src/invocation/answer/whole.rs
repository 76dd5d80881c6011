//! A buffered answer with its body, read in the shape of the service that asked.

use std::sync::OnceLock;

use bytes::Bytes;

use super::super::document::JsonText;
use super::super::http;
use super::super::{HttpShape, json};

/// An answer in one piece. What is none to an HTTP request is all body.
///
/// HTTP APIs with payload 2.0 and function URLs take JSON without a `statusCode` for the body of a 200:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response>
pub(super) struct Whole {
    text: JsonText,
    kind: Kind,
    body: OnceLock<Option<JsonText>>,
}

/// What the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Status, headers and body as members of a JSON object.
    Http,
    /// The body of a 200 whose status and headers the service adds.
    Inferred,
    /// No answer to an HTTP request.
    Plain,
    /// What the handler threw.
    Error,
}

impl Whole {
    pub(super) fn new(bytes: Bytes, shape: Option<HttpShape>, failed: bool) -> Self {
        let text = JsonText::new(bytes);
        let kind = match shape {
            _ if failed => Kind::Error,
            None => Kind::Plain,
            Some(shape) if shape.infers(text.member("statusCode").is_some()) => Kind::Inferred,
            Some(_) => Kind::Http,
        };
        Self { text, kind, body: OnceLock::new() }
    }

    /// The answer, byte for byte.
    pub(super) fn text(&self) -> &JsonText {
        &self.text
    }

    /// A number, or a number in a string, which services take too.
    pub(super) fn status(&self) -> Option<u16> {
        match self.kind {
            Kind::Http => {
                let status = self.text.member("statusCode")?;
                json::text(status).as_deref().unwrap_or(status).parse().ok()
            }
            Kind::Inferred => Some(200),
            Kind::Plain | Kind::Error => None,
        }
    }

    pub(super) fn header(&self, name: &str) -> Vec<String> {
        match self.kind {
            Kind::Http => super::headers(&self.text, name),
            Kind::Inferred if name.eq_ignore_ascii_case("content-type") => vec!["application/json".to_owned()],
            Kind::Inferred | Kind::Plain | Kind::Error => Vec::new(),
        }
    }

    /// The decoded body; none of an error, and where there is none or it is no valid base64.
    pub(super) fn body(&self) -> Option<&JsonText> {
        match self.kind {
            Kind::Error => None,
            Kind::Inferred | Kind::Plain => Some(&self.text),
            Kind::Http => self.body.get_or_init(|| http::body(&self.text).map(JsonText::new)).as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(json: &str, shape: Option<HttpShape>) -> Whole {
        Whole::new(Bytes::copy_from_slice(json.as_bytes()), shape, false)
    }

    fn body(answer: &Whole) -> Option<&[u8]> {
        answer.body().map(|body| body.bytes().as_ref())
    }

    const SHAPES: [HttpShape; 7] = [
        HttpShape::RestApi,
        HttpShape::HttpApiV1,
        HttpShape::HttpApiV2,
        HttpShape::FunctionUrl,
        HttpShape::LoadBalancer,
        HttpShape::LoadBalancerMultiValue,
        HttpShape::WebSocketConnect,
    ];

    #[test]
    fn an_http_answer_is_read_in_every_shape() {
        let text = r#"{"statusCode": 201, "headers": {"X-A": "1"}, "multiValueHeaders": {"x-a": ["2", "3"]},
            "cookies": ["a=1"], "body": "eyJuIjogN30=", "isBase64Encoded": true}"#;
        for shape in SHAPES {
            let answer = whole(text, Some(shape));
            assert_eq!((answer.status(), answer.header("x-a")), (Some(201), vec!["1".into(), "2".into(), "3".into()]));
            assert_eq!(answer.header("set-cookie"), ["a=1"], "{shape:?}");
            assert_eq!(body(&answer), Some(&br#"{"n": 7}"#[..]), "{shape:?}");
            assert_eq!(whole(r#"{"statusCode": "404"}"#, Some(shape)).status(), Some(404), "{shape:?}");
        }
    }

    #[test]
    fn json_without_a_status_is_a_body_where_the_service_takes_it_for_one() {
        for shape in SHAPES {
            let answer = whole(r#"{"order": 7}"#, Some(shape));
            let inferred = matches!(shape, HttpShape::HttpApiV2 | HttpShape::FunctionUrl);
            assert_eq!(answer.status(), inferred.then_some(200), "{shape:?}");
            assert_eq!(answer.header("Content-Type").len(), usize::from(inferred), "{shape:?}");
            assert_eq!(body(&answer).is_some(), inferred, "{shape:?}");
        }
    }

    #[test]
    fn what_is_no_http_answer_is_all_body_and_an_error_has_none() {
        let plain = whole(r#"{"statusCode": 1, "headers": {"a": "b"}}"#, None);
        assert_eq!((plain.status(), plain.header("a").len()), (None, 0));
        assert_eq!(body(&plain), Some(plain.text().bytes().as_ref()));
        let error = Whole::new(Bytes::from(r#"{"errorType": "E"}"#), Some(HttpShape::RestApi), true);
        assert_eq!((error.status(), body(&error), error.text().at("/errorType")), (None, None, Some("\"E\"")));
    }

    #[test]
    fn a_body_that_is_no_base64_is_none() {
        let broken = whole(r#"{"statusCode": 200, "body": "%", "isBase64Encoded": true}"#, Some(HttpShape::RestApi));
        assert_eq!(body(&broken), None);
    }
}
