//! `break-off`: ends a streamed answer with an error, once so many bytes of it passed, as a runtime does whose handler
//! throws while it streams.
//!
//! The error stands in trailers, its body in base64.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use misrule_engine::decision::{FaultKind, Hook};
use serde::Serialize;

use super::{Row, fail};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::BreakOff;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, streamed answers",
    seen: "a stream that ends with an error, as of a handler that threw",
    undone: "nothing",
};

const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    error_type: &'a str,
    error_message: &'a str,
    trace: [&'a str; 0],
}

/// The trailers. What the handler still sends is read and thrown away.
pub(super) fn carry_out(error_type: &str, message: &str) -> HeaderMap {
    let body = ErrorBody { error_type, error_message: message, trace: [] };
    // Strings only: there is nothing in it that JSON cannot say, and nothing in base64 that a trailer cannot.
    let body = STANDARD.encode(serde_json::to_vec(&body).unwrap_or_default());
    let body = HeaderValue::from_str(&body).unwrap_or(HeaderValue::from_static(""));
    HeaderMap::from_iter([(fail::ERROR_TYPE, fail::header_type(error_type)), (ERROR_BODY, body)])
}

/// Says in the head that the trailers may come. Only a body in chunks has any.
pub(super) fn announce(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    for name in [fail::ERROR_TYPE, ERROR_BODY] {
        if !is_announced(headers, &name) {
            headers.append(TRAILER, name.into());
        }
    }
}

fn is_announced(headers: &HeaderMap, name: &HeaderName) -> bool {
    let announced = headers.get_all(TRAILER).iter().filter_map(|value| value.to_str().ok());
    announced.flat_map(|names| names.split(',')).any(|known| known.trim().eq_ignore_ascii_case(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailers_are_what_a_runtime_writes() {
        let trailers = carry_out("Function.Gone", "say \"no\"");
        assert_eq!(trailers[fail::ERROR_TYPE], "Function.Gone");
        let body = STANDARD.decode(trailers[ERROR_BODY].as_bytes()).unwrap();
        assert_eq!(body, br#"{"errorType":"Function.Gone","errorMessage":"say \"no\"","trace":[]}"#);
        assert_eq!(carry_out("Gone", "")[fail::ERROR_TYPE], fail::KEPT_TYPE);
    }

    #[test]
    fn each_trailer_is_announced_once() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, 5.into());
        announce(&mut headers);
        announce(&mut headers);
        let announced: Vec<_> = headers.get_all(TRAILER).iter().collect();
        assert_eq!(announced, ["lambda-runtime-function-error-type", "lambda-runtime-function-error-body"]);
        assert_eq!((headers.get(CONTENT_LENGTH), &headers[TRANSFER_ENCODING]), (None, &"chunked".parse().unwrap()));
        let mut joined = HeaderMap::new();
        let both = "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body";
        joined.insert(TRAILER, HeaderValue::from_static(both));
        announce(&mut joined);
        assert_eq!(joined.get_all(TRAILER).iter().count(), 1);
    }
}
