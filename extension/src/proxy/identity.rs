//! `GET /misrule`: who listens here. The wrapper asks before it points a runtime at the port.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use super::content::Content;

/// The answer, which is also how the wrapper knows us.
pub(crate) const IDENTITY: &str = concat!(r#"{"name":"misrule","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);

pub(crate) fn answer() -> Response<Content> {
    let mut response = Response::new(Content::whole(Bytes::from_static(IDENTITY.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
