//! An answer of ours, as a request to Lambda.

use http::header::{CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use misrule_engine::invocation::RequestId;

use super::arrival::INVOCATION_ID;
use super::content::Content;
use super::manner::{RESPONSE_MODE, STREAMING};
use super::prelude;
use super::route::RUNTIME;
use crate::faults::{Outcome, Post};

/// The request that answers an invocation, beside a request of its runtime with these headers. It echoes the invocation id: without it Lambda
/// could not tell a late answer from one to a retry, and refuses it.
pub(crate) fn request(
    post: &Post,
    id: &RequestId,
    invocation_id: Option<&str>,
    beside: &HeaderMap,
) -> Request<Content> {
    let kind = match post.outcome {
        Outcome::Response | Outcome::Stream => "response",
        Outcome::Error(_) => "error",
    };
    let mut request = Request::new(Content::whole(post.body.clone()));
    *request.method_mut() = Method::POST;
    // An id is a path segment (see `arrival::head`), so this is a path.
    *request.uri_mut() = format!("{RUNTIME}invocation/{id}/{kind}").parse::<Uri>().unwrap_or_default();
    describe(request.headers_mut(), post, beside);
    if let Some(id) = invocation_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        request.headers_mut().insert(INVOCATION_ID, id);
    }
    request
}

/// Whether a server that answers an answer so has not taken it, and waits for another.
///
/// By what each status means there, Lambda does in no case: 400 (the id is unknown or was answered), 403 (it was answered),
/// 410 (it timed out) and 413 (its caller is told that the answer is too large) all come when the invocation is over. Any
/// other refusal is not Lambda's: a server that knows no such route, or a proxy on the way, did not read it as an answer.
/// After 5xx nobody knows; on demand Lambda gives an event again that it has no answer to.
pub(crate) fn was_not_taken(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 400 | 403 | 410 | 413)
}

fn describe(headers: &mut HeaderMap, post: &Post, beside: &HeaderMap) {
    let host = beside.get(HOST).cloned();
    headers.insert(HOST, host.unwrap_or(HeaderValue::from_static("localhost")));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match &post.outcome {
        Outcome::Response => {}
        Outcome::Stream => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(prelude::CONTENT));
            headers.insert(RESPONSE_MODE, STREAMING);
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Outcome::Error(described) => headers.extend(described.iter().cloned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_that_are_not_lambdas_leave_an_invocation_open() {
        for (status, open) in [
            (202, false),
            (302, false),
            (400, false),
            (401, true),
            (403, false),
            (404, true),
            (405, true),
            (410, false),
            (413, false),
            (429, true),
            (500, false),
            (502, false),
        ] {
            assert_eq!(was_not_taken(StatusCode::from_u16(status).unwrap()), open, "{status}");
        }
    }
}
