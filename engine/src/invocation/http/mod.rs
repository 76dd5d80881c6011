//! HTTP requests, in the shapes in which services send them: a file for each shape, all with the same functions.

pub(super) mod fields;
mod load_balancer;
mod payload_v1;
mod payload_v2;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::document::JsonText;
use super::{Source, json};

/// How an HTTP answer must be written so that the caller's service understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpShape {
    /// Payload format 2.0: HTTP APIs and function URLs.
    PayloadV2,
}

impl HttpShape {
    pub(super) fn of(source: Source) -> Option<Self> {
        matches!(source, Source::HttpApi | Source::FunctionUrl).then_some(Self::PayloadV2)
    }
}

/// Where a shape keeps the parts of a request.
pub(super) trait Request: Sync {
    fn method(&self, event: &JsonText) -> Option<String>;
    fn path(&self, event: &JsonText) -> Option<String>;
    fn header(&self, event: &JsonText, name: &str) -> Vec<String>;
    fn query(&self, event: &JsonText, name: &str) -> Vec<String>;
}

/// The shape of a source's requests; none where it sends none that can be read yet.
pub(super) fn request(source: Source) -> Option<&'static dyn Request> {
    match source {
        Source::HttpApi | Source::FunctionUrl => Some(&payload_v2::PayloadV2),
        Source::RestApi => Some(&payload_v1::PayloadV1),
        Source::LoadBalancer => Some(&load_balancer::LoadBalancer),
        _ => None,
    }
}

/// The body, which every shape keeps in the same two members; none where there is none, or it is no valid base64.
pub(super) fn body(event: &JsonText) -> Option<Bytes> {
    let body = event.string_member("body")?;
    if event.member("isBase64Encoded").and_then(json::boolean) == Some(true) {
        return BASE64_STANDARD.decode(&body).ok().map(Bytes::from);
    }
    Some(body)
}

#[cfg(test)]
fn event(json: &serde_json::Value) -> JsonText {
    JsonText::new(Bytes::from(json.to_string()))
}
