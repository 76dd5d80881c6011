//! An event as it arrives from Lambda: the answer to the runtime's question, and what it says.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body as _;
use misrule_engine::invocation::{Head, RequestId};
use misrule_engine::time::Timestamp;

use super::content::Content;

/// Echoed on every answer to its event, ours included; else Lambda answers 410.
pub(crate) const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// The same with another event: its length is right, and no other header changes.
pub(crate) fn changed(arrival: Response<Content>, event: Bytes) -> Response<Content> {
    let (mut parts, _) = arrival.into_parts();
    parts.headers.remove(TRANSFER_ENCODING);
    parts.headers.remove(TRAILER);
    parts.headers.insert(CONTENT_LENGTH, event.len().into());
    Response::from_parts(parts, Content::whole(event))
}

/// The head of the answer, and a connection that closes where the event should follow. A mere close would not do: where the
/// connection was used before, libcurl takes it for a stale one, and asks again on another.
pub(crate) fn broken_off(arrival: Response<Content>) -> Response<Content> {
    let length = arrival.body().size_hint().lower().max(1);
    let mut parts = changed(arrival, Bytes::new()).into_parts().0;
    parts.headers.insert(CONTENT_LENGTH, length.into());
    Response::from_parts(parts, Content::broken_off())
}

/// What Lambda's headers say about an event. None where this is no event: a failure, or a head without the request id or
/// the deadline that every event has, or with an id that could not stand in the path of its answer.
pub(crate) fn head<B>(arrival: &Response<B>, arrived: Timestamp, sequence: u64) -> Option<Head> {
    let headers = arrival.headers();
    if arrival.status() != StatusCode::OK {
        return None;
    }
    Some(Head {
        request_id: RequestId::new(text(headers, "lambda-runtime-aws-request-id").filter(|id| is_segment(id))?),
        invocation_id: owned(headers, INVOCATION_ID),
        invoked_arn: owned(headers, "lambda-runtime-invoked-function-arn").unwrap_or_default(),
        trace_id: owned(headers, "lambda-runtime-trace-id"),
        tenant_id: owned(headers, "lambda-runtime-aws-tenant-id"),
        arrived,
        deadline: Timestamp::from_milliseconds(text(headers, "lambda-runtime-deadline-ms")?.parse().ok()?),
        sequence,
    })
}

fn is_segment(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// A header's value, where it is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

fn owned(headers: &HeaderMap, name: &str) -> Option<String> {
    text(headers, name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(headers: &[(&'static str, &str)]) -> Response<()> {
        let mut response = Response::new(());
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response
    }

    #[test]
    fn a_head_is_what_the_headers_say() {
        let arrival = arrival(&[
            ("lambda-runtime-aws-request-id", "r-1"),
            ("lambda-runtime-invocation-id", "i-1"),
            ("lambda-runtime-deadline-ms", "1700000000250"),
            ("lambda-runtime-aws-tenant-id", "blue"),
        ]);
        let head = head(&arrival, Timestamp::from_milliseconds(7), 3).unwrap();
        assert_eq!((head.request_id.as_str(), head.invocation_id.as_deref()), ("r-1", Some("i-1")));
        assert_eq!(head.deadline, Timestamp::from_milliseconds(1_700_000_000_250));
        assert_eq!((head.invoked_arn.as_str(), head.trace_id, head.tenant_id.as_deref()), ("", None, Some("blue")));
        assert_eq!((head.arrived, head.sequence), (Timestamp::from_milliseconds(7), 3));
    }

    #[test]
    fn what_lacks_an_id_or_a_deadline_or_success_is_no_event() {
        let id = ("lambda-runtime-aws-request-id", "r-1");
        let deadline = ("lambda-runtime-deadline-ms", "1700000000250");
        let now = Timestamp::from_milliseconds(7);
        assert_eq!(head(&arrival(&[deadline]), now, 0), None);
        assert_eq!(head(&arrival(&[("lambda-runtime-aws-request-id", "r/1"), deadline]), now, 0), None);
        assert_eq!(head(&arrival(&[id]), now, 0), None);
        assert_eq!(head(&arrival(&[id, ("lambda-runtime-deadline-ms", "soon")]), now, 0), None);
        let mut refused = arrival(&[id, deadline]);
        *refused.status_mut() = StatusCode::FORBIDDEN;
        assert_eq!(head(&refused, now, 0), None);
    }
}
