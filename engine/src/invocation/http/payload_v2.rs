//! Payload format 2.0: API Gateway HTTP APIs and function URLs.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use super::{HttpShape, Request, fields};
use crate::invocation::document::JsonText;

/// The shape of its answers tells the two services apart.
pub(super) struct PayloadV2(pub(super) HttpShape);

impl Request for PayloadV2 {
    fn method(&self, event: &JsonText) -> Option<String> {
        event.text("/requestContext/http/method")
    }

    /// `rawPath` starts with the stage where that has a name of its own.
    fn path(&self, event: &JsonText) -> Option<String> {
        let stage = event.text("/requestContext/stage");
        Some(fields::without_stage(event.text("/rawPath")?, stage.as_deref()))
    }

    /// Values of one name are joined by commas; cookies stand apart.
    fn header(&self, event: &JsonText, name: &str) -> Vec<String> {
        let cookies = event.member("cookies").filter(|_| name.eq_ignore_ascii_case("cookie")).map(fields::strings);
        cookies.unwrap_or_else(|| {
            let headers = event.member("headers").unwrap_or_default();
            fields::values(headers, |header| header.eq_ignore_ascii_case(name))
        })
    }

    /// `queryStringParameters` has joined the values by commas, `rawQueryString` has not.
    fn query(&self, event: &JsonText, name: &str) -> Vec<String> {
        let raw = event.text("/rawQueryString").unwrap_or_default();
        let pairs =
            raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.filter(|(key, _)| fields::decoded(key) == name).map(|(_, value)| fields::decoded(value)).collect()
    }

    fn answered_as(&self, _: &JsonText) -> HttpShape {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event;
    use super::*;

    const HTTP_API: PayloadV2 = PayloadV2(HttpShape::HttpApiV2);

    fn request() -> JsonText {
        event(&json!({
            "version": "2.0",
            "rawPath": "/prod/orders/a%20b",
            "rawQueryString": "tag=1&tag=2%2C3&na%6De=x+y&flag&&=odd",
            "cookies": ["a=1", "b=2"],
            "headers": {"accept": "text/html,*/*", "X-Tenant": "blue", "cookie": "ignored"},
            "queryStringParameters": {"tag": "1,2,3"},
            "requestContext": {"stage": "prod", "http": {"method": "POST", "path": "/prod/orders/a b"}},
        }))
    }

    #[test]
    fn a_request_is_read() {
        let event = request();
        assert_eq!(HTTP_API.method(&event).as_deref(), Some("POST"));
        assert_eq!(HTTP_API.path(&event).as_deref(), Some("/orders/a%20b"));
    }

    #[test]
    fn header_names_have_no_case_and_cookies_read_as_a_header() {
        let event = request();
        assert_eq!(HTTP_API.header(&event, "ACCEPT"), ["text/html,*/*"]);
        assert_eq!(HTTP_API.header(&event, "x-tenant"), ["blue"]);
        assert_eq!(HTTP_API.header(&event, "Cookie"), ["a=1", "b=2"]);
        assert!(HTTP_API.header(&event, "absent").is_empty());
        let plain = super::super::event(&json!({"headers": {"cookie": "a=1; b=2"}}));
        assert_eq!(HTTP_API.header(&plain, "cookie"), ["a=1; b=2"]);
    }

    #[test]
    fn every_value_of_a_parameter_is_read_and_decoded() {
        let event = request();
        assert_eq!(HTTP_API.query(&event, "tag"), ["1", "2,3"]);
        assert_eq!(HTTP_API.query(&event, "name"), ["x y"]);
        assert_eq!(HTTP_API.query(&event, "flag"), [""]);
        assert!(HTTP_API.query(&event, "Tag").is_empty());
        assert_eq!(HTTP_API.query(&event, ""), ["odd"]);
    }

    #[test]
    fn a_request_without_its_parts_has_none() {
        let event = event(&json!({"version": "2.0", "headers": null, "requestContext": {"http": {}}}));
        assert_eq!((HTTP_API.method(&event), HTTP_API.path(&event)), (None, None));
        assert!(HTTP_API.header(&event, "accept").is_empty() && HTTP_API.query(&event, "tag").is_empty());
    }
}
