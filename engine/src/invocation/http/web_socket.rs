//! WebSocket APIs of API Gateway, where a client connects: an HTTP upgrade. What comes later over the connection is none.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html>

use super::{HttpShape, Request, fields};
use crate::invocation::document::JsonText;

pub(super) struct WebSocket;

/// Whether a client connects. No other route's key starts with a dollar sign but `$disconnect` and `$default`.
pub(super) fn connects(event: &JsonText) -> bool {
    event.text("/requestContext/routeKey").as_deref() == Some("$connect")
}

impl Request for WebSocket {
    /// The event does not say it: an upgrade is a GET (RFC 6455, section 4.1).
    fn method(&self, _: &JsonText) -> Option<String> {
        Some("GET".to_owned())
    }

    /// The event does not say it: a WebSocket API is called at its stage, and has no paths below it.
    fn path(&self, _: &JsonText) -> Option<String> {
        Some("/".to_owned())
    }

    fn header(&self, event: &JsonText, name: &str) -> Vec<String> {
        fields::multi_values(event, ["multiValueHeaders", "headers"], |header| header.eq_ignore_ascii_case(name))
    }

    /// API Gateway has decoded them.
    fn query(&self, event: &JsonText, name: &str) -> Vec<String> {
        let members = ["multiValueQueryStringParameters", "queryStringParameters"];
        fields::multi_values(event, members, |parameter| parameter == name)
    }

    fn answered_as(&self, _: &JsonText) -> HttpShape {
        HttpShape::WebSocketConnect
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event;
    use super::*;

    #[test]
    fn a_client_that_connects_sends_a_request() {
        let event = event(&json!({
            "headers": {"Sec-WebSocket-Protocol": "chat1"},
            "multiValueHeaders": {"Sec-WebSocket-Protocol": ["chat1"], "Cookie": ["a=1; b=2"]},
            "queryStringParameters": {"room": "2"},
            "multiValueQueryStringParameters": {"room": ["1", "2"]},
            "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "stage": "prod", "connectionId": "x="},
            "isBase64Encoded": false,
        }));
        assert!(connects(&event));
        assert_eq!((WebSocket.method(&event).as_deref(), WebSocket.path(&event).as_deref()), (Some("GET"), Some("/")));
        assert_eq!(WebSocket.header(&event, "sec-websocket-protocol"), ["chat1"]);
        assert_eq!(WebSocket.header(&event, "cookie"), ["a=1; b=2"]);
        assert_eq!(WebSocket.query(&event, "room"), ["1", "2"]);
        assert_eq!(WebSocket.answered_as(&event), HttpShape::WebSocketConnect);
    }

    #[test]
    fn what_comes_over_the_connection_is_no_request() {
        for route in ["$disconnect", "$default", "sendmessage"] {
            assert!(
                !connects(&event(&json!({"requestContext": {"routeKey": route, "connectionId": "x="}}))),
                "{route}"
            );
        }
    }
}
