//! `GET /misrule`: who listens here, before which Runtime API, and where the page of blocked names is. The wrapper asks before it points a runtime at the port.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use super::content::Content;
use super::upstream::Lambda;
use crate::faults::Names;

/// The answer, which is also how the wrapper knows us. Where several functions run on one machine, the Misrule of another
/// one is a stranger: a runtime that joined it would wait for that function's events.
pub(crate) fn answer(lambda: &Lambda, names: &Names) -> Response<Content> {
    let before = lambda.addresses().map(ToString::to_string).collect::<Vec<_>>();
    let mut identity = serde_json::json!({ "name": "misrule", "version": env!("CARGO_PKG_VERSION"), "before": before });
    if let Some(page) = names.page() {
        identity["page"] = page.into();
    }
    let mut response = Response::new(Content::whole(Bytes::from(identity.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
