//! The lazy view of one event.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::batch::Batch;
use super::document::JsonText;
use super::http::{self, Request};
use super::{Document, Head, HttpShape, Item, Source, json};

/// One invocation under decision: what Lambda says about it, and its event as policies may ask for it.
///
/// Nothing is read before it is asked for, and what was found is kept: the second policy that asks pays nothing.
pub struct Invocation {
    head: Arc<Head>,
    event: JsonText,
    source: OnceLock<Source>,
    method: OnceLock<Option<String>>,
    path: OnceLock<Option<String>>,
    body: OnceLock<Option<JsonText>>,
    batch: OnceLock<Batch>,
}

impl Invocation {
    /// An invocation of this event. Nothing of it is read yet.
    pub fn new(head: impl Into<Arc<Head>>, event: Bytes) -> Self {
        Self {
            head: head.into(),
            event: JsonText::new(event),
            source: OnceLock::new(),
            method: OnceLock::new(),
            path: OnceLock::new(),
            body: OnceLock::new(),
            batch: OnceLock::new(),
        }
    }

    /// What Lambda's headers say.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The event, byte for byte.
    pub fn event(&self) -> &Bytes {
        self.event.bytes()
    }

    /// Which service sent it.
    pub fn source(&self) -> Source {
        *self.source.get_or_init(|| Source::of(&self.event))
    }

    /// The HTTP method; none where the event is no HTTP request.
    pub fn method(&self) -> Option<Cow<'_, str>> {
        let method = self.method.get_or_init(|| self.request()?.method(&self.event));
        method.as_deref().map(Cow::Borrowed)
    }

    /// The HTTP path as the event carries it, without the stage and not decoded; none where the event is no HTTP request.
    pub fn path(&self) -> Option<Cow<'_, str>> {
        let path = self.path.get_or_init(|| self.request()?.path(&self.event));
        path.as_deref().map(Cow::Borrowed)
    }

    /// Every value of an HTTP header in order, as the event has them; names are case-insensitive. HTTP API's `cookies`
    /// read as "cookie".
    pub fn header(&self, name: &str) -> Vec<String> {
        self.request().map(|request| request.header(&self.event, name)).unwrap_or_default()
    }

    /// Every value of a query parameter in order, percent-decoded.
    pub fn query(&self, name: &str) -> Vec<String> {
        self.request().map(|request| request.query(&self.event, name)).unwrap_or_default()
    }

    /// The HTTP body, decoded where the event carries it in base64.
    pub fn body(&self) -> Option<Cow<'_, [u8]>> {
        self.body_text().map(|body| Cow::Borrowed(body.bytes().as_ref()))
    }

    /// The exact JSON text at an RFC 6901 pointer.
    pub fn json(&self, document: Document, pointer: &str) -> Option<&str> {
        match document {
            Document::Whole => self.event.at(pointer),
            Document::Body => self.body_text()?.at(pointer),
        }
    }

    /// The unescaped string at a pointer; none where something else stands there.
    pub fn text(&self, document: Document, pointer: &str) -> Option<String> {
        json::text(self.json(document, pointer)?)
    }

    /// The number at a pointer; none where something else stands there.
    pub fn number(&self, document: Document, pointer: &str) -> Option<f64> {
        json::number(self.json(document, pointer)?)
    }

    /// Elements of the array or members of the object at a pointer; none where something else stands there.
    pub fn count(&self, document: Document, pointer: &str) -> Option<u32> {
        json::count(self.json(document, pointer)?)
    }

    /// Records in an SQS, Kinesis, DynamoDB or Kafka batch; 0 where the event is none.
    pub fn batch_size(&self) -> u32 {
        self.batch().size()
    }

    /// A record of the batch, counted from 0; none beyond its end, and where the record has no id.
    pub fn batch_item(&self, index: u32) -> Option<Item> {
        self.batch().item(index)
    }

    /// The records of the batch with these ids, in its order, each as a partial-batch report names it: in JSON.
    pub fn batch_items_named(&self, ids: &[String]) -> Vec<String> {
        self.batch().named(ids)
    }

    /// How the event's HTTP request is answered; none where it is none, or of a kind that cannot be answered yet.
    pub fn answerable(&self) -> Option<HttpShape> {
        Some(self.request()?.answered_as(&self.event))
    }

    fn request(&self) -> Option<&'static dyn Request> {
        http::request(self.source(), &self.event)
    }

    fn body_text(&self) -> Option<&JsonText> {
        let body = self.body.get_or_init(|| {
            self.request()?;
            http::body(&self.event).map(JsonText::new)
        });
        body.as_ref()
    }

    fn batch(&self) -> &Batch {
        self.batch.get_or_init(|| Batch::of(self.source(), &self.event))
    }
}

impl fmt::Debug for Invocation {
    /// Without the event: it may hold what no log should.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Invocation");
        shown.field("head", &self.head).field("event_bytes", &self.event().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::invocation::RequestId;
    use crate::time::Timestamp;

    fn invocation(event: &str) -> Invocation {
        let head = Head {
            request_id: RequestId::new("r-1"),
            invocation_id: None,
            invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:orders".into(),
            trace_id: None,
            tenant_id: None,
            arrived: Timestamp::from_milliseconds(1),
            deadline: Timestamp::from_milliseconds(2),
            sequence: 0,
        };
        Invocation::new(head, Bytes::copy_from_slice(event.as_bytes()))
    }

    fn url(extra: &[(&str, serde_json::Value)]) -> Invocation {
        let mut event = json!({
            "version": "2.0",
            "rawPath": "/orders",
            "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "stage": "$default", "http": {"method": "PUT"}},
        });
        for (name, value) in extra {
            event[name] = value.clone();
        }
        invocation(&event.to_string())
    }

    #[test]
    fn a_request_to_a_function_url_is_read() {
        let request = url(&[("headers", json!({"X-Tenant": "blue"})), ("rawQueryString", json!("a=1"))]);
        assert_eq!(request.source(), Source::FunctionUrl);
        assert_eq!(request.answerable(), Some(HttpShape::FunctionUrl));
        assert_eq!((request.method().as_deref(), request.path().as_deref()), (Some("PUT"), Some("/orders")));
        assert_eq!((request.header("x-tenant"), request.query("a")), (vec!["blue".into()], vec!["1".into()]));
        assert_eq!(request.body(), None);
    }

    #[test]
    fn a_body_is_decoded_and_read_as_json() {
        let plain = url(&[("body", json!("{\"total\": 12.5, \"lines\": [1, 2]}"))]);
        let encoded =
            url(&[("body", json!("eyJ0b3RhbCI6IDEyLjUsICJsaW5lcyI6IFsxLCAyXX0=")), ("isBase64Encoded", json!(true))]);
        for request in [plain, encoded] {
            assert_eq!(request.body().as_deref(), Some(&b"{\"total\": 12.5, \"lines\": [1, 2]}"[..]));
            assert_eq!(request.number(Document::Body, "/total"), Some(12.5));
            assert_eq!(request.count(Document::Body, "/lines"), Some(2));
            assert_eq!(request.json(Document::Body, "/lines"), Some("[1, 2]"));
            assert_eq!(request.text(Document::Body, "/total"), None);
        }
        let broken = url(&[("body", json!("%%%")), ("isBase64Encoded", json!(true))]);
        assert_eq!((broken.body(), broken.json(Document::Body, "")), (None, None));
        assert_eq!(url(&[("body", json!("no json"))]).json(Document::Body, ""), None);
    }

    #[test]
    fn what_is_no_request_has_no_http_fields() {
        let direct = invocation(r#"{"body": "x", "path": "/a", "headers": {"a": "b"}, "order": {"id": "é\u0041"}}"#);
        assert_eq!((direct.source(), direct.answerable()), (Source::Other, None));
        assert_eq!((direct.method(), direct.path(), direct.body()), (None, None, None));
        assert!(direct.header("a").is_empty() && direct.query("a").is_empty());
        assert_eq!(direct.text(Document::Whole, "/order/id").as_deref(), Some("éA"));
        assert_eq!((direct.json(Document::Body, ""), direct.batch_size()), (None, 0));
    }

    #[test]
    fn each_request_is_answered_in_the_shape_of_its_service() {
        for (event, shape) in [
            (json!({"httpMethod": "GET", "requestContext": {"stage": "prod"}}), Some(HttpShape::RestApi)),
            (json!({"version": "1.0", "httpMethod": "GET", "requestContext": {}}), Some(HttpShape::HttpApiV1)),
            (json!({"version": "2.0", "requestContext": {"http": {}}}), Some(HttpShape::HttpApiV2)),
            (
                json!({"requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {}}}),
                Some(HttpShape::FunctionUrl),
            ),
            (json!({"headers": {}, "requestContext": {"elb": {}}}), Some(HttpShape::LoadBalancer)),
            (json!({"multiValueHeaders": {}, "requestContext": {"elb": {}}}), Some(HttpShape::LoadBalancerMultiValue)),
            (
                json!({"requestContext": {"routeKey": "$connect", "connectionId": "x="}}),
                Some(HttpShape::WebSocketConnect),
            ),
            (json!({"requestContext": {"routeKey": "$disconnect", "connectionId": "x="}}), None),
            (json!({"version": "2.0", "requestContext": {"serviceNetworkArn": "arn"}}), None),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), None),
        ] {
            assert_eq!(invocation(&event.to_string()).answerable(), shape, "{event}");
        }
    }

    #[test]
    fn the_event_stays_out_of_debug_output() {
        assert!(!format!("{:?}", invocation("\"secret\"")).contains("secret"));
    }

    #[test]
    fn it_may_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Invocation>();
    }
}
