//! An answer of ours, as a request to Lambda.

use http::header::{CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use misrule_engine::invocation::RequestId;

use super::arrival::INVOCATION_ID;
use super::content::Content;
use super::manner::{RESPONSE_MODE, STREAMING};
use super::prelude;
use super::route::RUNTIME;
use crate::faults::{Outcome, Post};

/// The request that answers an invocation, beside a request of its runtime. It echoes the invocation id: without it Lambda
/// could not tell a late answer from one to a retry, and refuses it.
pub(crate) fn request(post: &Post, id: &RequestId, invocation_id: Option<&str>, beside: &Parts) -> Request<Content> {
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

fn describe(headers: &mut HeaderMap, post: &Post, beside: &Parts) {
    let host = beside.headers.get(HOST).cloned();
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
