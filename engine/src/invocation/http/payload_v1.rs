//! Payload format 1.0: API Gateway REST APIs, and HTTP APIs that ask for it.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use super::{HttpShape, Request, fields};
use crate::invocation::document::JsonText;

pub(super) struct PayloadV1;

impl Request for PayloadV1 {
    fn method(&self, event: &JsonText) -> Option<String> {
        event.text("/httpMethod")
    }

    /// A REST API's `path` is without the stage; an HTTP API's, told by its `version`, starts with it.
    fn path(&self, event: &JsonText) -> Option<String> {
        let stage = is_http_api(event).then(|| event.text("/requestContext/stage")).flatten();
        Some(fields::without_stage(event.text("/path")?, stage.as_deref()))
    }

    fn header(&self, event: &JsonText, name: &str) -> Vec<String> {
        fields::multi_values(event, ["multiValueHeaders", "headers"], |header| header.eq_ignore_ascii_case(name))
    }

    /// API Gateway has decoded them.
    fn query(&self, event: &JsonText, name: &str) -> Vec<String> {
        let members = ["multiValueQueryStringParameters", "queryStringParameters"];
        fields::multi_values(event, members, |parameter| parameter == name)
    }

    fn answered_as(&self, event: &JsonText) -> HttpShape {
        if is_http_api(event) { HttpShape::HttpApiV1 } else { HttpShape::RestApi }
    }
}

/// Only HTTP APIs say which version of the format they send.
fn is_http_api(event: &JsonText) -> bool {
    event.member("version").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event;
    use super::*;

    fn request() -> JsonText {
        event(&json!({
            "resource": "/{proxy+}",
            "path": "/prod/orders",
            "httpMethod": "PUT",
            "headers": {"Accept": "b"},
            "multiValueHeaders": {"Accept": ["a", "b"], "Cookie": ["a=1; b=2"]},
            "queryStringParameters": {"tag": "2 %31"},
            "multiValueQueryStringParameters": {"tag": ["1", "2 %31"]},
            "requestContext": {"stage": "prod", "path": "/prod/prod/orders"},
        }))
    }

    #[test]
    fn a_request_is_read() {
        let event = request();
        assert_eq!(PayloadV1.method(&event).as_deref(), Some("PUT"));
        assert_eq!(PayloadV1.path(&event).as_deref(), Some("/prod/orders"));
        assert_eq!(PayloadV1.header(&event, "accept"), ["a", "b"]);
        assert_eq!(PayloadV1.header(&event, "COOKIE"), ["a=1; b=2"]);
        assert_eq!(PayloadV1.query(&event, "tag"), ["1", "2 %31"]);
        assert!(PayloadV1.query(&event, "Tag").is_empty());
        assert_eq!(PayloadV1.answered_as(&event), HttpShape::RestApi);
    }

    #[test]
    fn single_values_serve_where_the_event_has_no_others() {
        let event = event(
            &json!({"headers": {"Accept": "b"}, "multiValueHeaders": null, "queryStringParameters": {"tag": "2"}}),
        );
        assert_eq!(
            (PayloadV1.header(&event, "accept"), PayloadV1.query(&event, "tag")),
            (vec!["b".into()], vec!["2".into()])
        );
    }

    #[test]
    fn an_http_apis_path_loses_its_stage() {
        let event = event(&json!({"version": "1.0", "path": "/dev/orders", "requestContext": {"stage": "dev"}}));
        assert_eq!(PayloadV1.path(&event).as_deref(), Some("/orders"));
        assert_eq!(PayloadV1.answered_as(&event), HttpShape::HttpApiV1);
    }
}
