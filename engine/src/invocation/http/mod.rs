//! HTTP requests, in the shapes in which services send them: a file for each shape, all with the same functions.

#[cfg(test)]
mod documented;
pub(super) mod fields;
mod load_balancer;
mod payload_v1;
mod payload_v2;
mod web_socket;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::document::JsonText;
use super::{Source, json};

/// How an HTTP answer must be written so that the caller's service understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpShape {
    /// A REST API of API Gateway: payload format 1.0, or a stream where its integration asks for one.
    RestApi,
    /// An HTTP API of API Gateway with payload format 1.0.
    HttpApiV1,
    /// An HTTP API of API Gateway with payload format 2.0.
    HttpApiV2,
    /// A function URL: payload format 2.0, or a stream where its invoke mode is RESPONSE_STREAM.
    FunctionUrl,
    /// An Application Load Balancer whose target group has one value for each header.
    LoadBalancer,
    /// An Application Load Balancer whose target group has multi-value headers.
    LoadBalancerMultiValue,
    /// A WebSocket API of API Gateway, where a client connects.
    WebSocketConnect,
}

impl HttpShape {
    /// Whether its service takes the whole answer for the body of a 200: where it is JSON that says no `statusCode`.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
    pub(super) const fn infers(self, says_status: bool) -> bool {
        !says_status && matches!(self, Self::HttpApiV2 | Self::FunctionUrl)
    }
}

/// Where a shape keeps the parts of a request, and how it is answered.
pub(super) trait Request: Sync {
    fn method(&self, event: &JsonText) -> Option<String>;
    fn path(&self, event: &JsonText) -> Option<String>;
    fn header(&self, event: &JsonText, name: &str) -> Vec<String>;
    fn query(&self, event: &JsonText, name: &str) -> Vec<String>;
    fn answered_as(&self, event: &JsonText) -> HttpShape;
}

/// The shape of a source's requests; none where the event is no request, or of a kind that cannot be read yet.
pub(super) fn request(source: Source, event: &JsonText) -> Option<&'static dyn Request> {
    match source {
        Source::HttpApi => Some(&payload_v2::PayloadV2(HttpShape::HttpApiV2)),
        Source::FunctionUrl => Some(&payload_v2::PayloadV2(HttpShape::FunctionUrl)),
        Source::RestApi => Some(&payload_v1::PayloadV1),
        Source::LoadBalancer => Some(&load_balancer::LoadBalancer),
        Source::WebSocket if web_socket::connects(event) => Some(&web_socket::WebSocket),
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
