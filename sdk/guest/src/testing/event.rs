//! Events to ask a policy about.

use std::time::Duration;

use bytes::Bytes;
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::time::Timestamp;
use serde_json::{Map, Value, json};

use super::World;
use super::instant::instant;
use crate::host::double::trap;

/// An event as Lambda delivers it. Without further words it arrives on Monday, 2026-01-05 at noon UTC, as the first of its
/// environment, with a deadline 30 seconds later.
#[derive(Clone, Debug)]
pub struct Event {
    form: Form,
    arrived: Timestamp,
    timeout: Duration,
    request_id: String,
    invocation_id: Option<String>,
    invoked_arn: Option<String>,
    trace_id: Option<String>,
    tenant_id: Option<String>,
    sequence: u64,
}

#[derive(Clone, Debug)]
enum Form {
    Http(Request),
    Json(String),
}

#[derive(Clone, Debug)]
struct Request {
    method: String,
    /// As it stands on the request line: with its query.
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Event {
    /// A GET request through an HTTP API (payload format 2.0). The path may carry a query.
    pub fn get(target: &str) -> Self {
        Self::request("GET", target)
    }

    /// A POST request through an HTTP API.
    pub fn post(target: &str) -> Self {
        Self::request("POST", target)
    }

    /// A request through an HTTP API.
    pub fn request(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self::of(Form::Http(Request { method, target, headers: Vec::new(), body: None }))
    }

    /// Any event at all, as its JSON text.
    pub fn json(text: &str) -> Self {
        Self::of(Form::Json(text.to_owned()))
    }

    fn of(form: Form) -> Self {
        Self {
            form,
            arrived: instant("2026-01-05T12:00:00Z"),
            timeout: Duration::from_secs(30),
            request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
            invocation_id: None,
            invoked_arn: None,
            trace_id: None,
            tenant_id: None,
            sequence: 0,
        }
    }

    /// A header of the request. Values of one name are joined by commas, as an HTTP API joins them.
    ///
    /// # Panics
    ///
    /// Where the event was made by [`Self::json`].
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.http("header").headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The request's body.
    ///
    /// # Panics
    ///
    /// Where the event was made by [`Self::json`].
    #[track_caller]
    pub fn body(mut self, text: &str) -> Self {
        self.http("body").body = Some(text.to_owned());
        self
    }

    /// When it arrives: an instant such as `2026-12-01T09:30:00+01:00`.
    ///
    /// # Panics
    ///
    /// Where the text is no such instant.
    #[track_caller]
    pub fn at(mut self, text: &str) -> Self {
        self.arrived = instant(text);
        self
    }

    /// How long the function may take, from the arrival to the deadline.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lambda's request id. Other ids draw other chances.
    pub fn request_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.request_id);
        self
    }

    /// Lambda's id of this delivery of the event.
    pub fn invocation_id(mut self, id: &str) -> Self {
        self.invocation_id = Some(id.to_owned());
        self
    }

    /// The ARN by which the function was invoked, with an alias or without.
    pub fn invoked_arn(mut self, arn: &str) -> Self {
        self.invoked_arn = Some(arn.to_owned());
        self
    }

    /// The X-Ray trace header.
    pub fn trace_id(mut self, id: &str) -> Self {
        self.trace_id = Some(id.to_owned());
        self
    }

    /// The tenant.
    pub fn tenant_id(mut self, id: &str) -> Self {
        self.tenant_id = Some(id.to_owned());
        self
    }

    /// How many events the environment received before; 0 is the cold start.
    pub fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = sequence;
        self
    }

    /// The event's JSON text, as Lambda delivers it.
    pub fn to_json(&self) -> String {
        match &self.form {
            Form::Json(text) => text.clone(),
            Form::Http(request) => request.payload(self.arrived).to_string(),
        }
    }

    /// The invocation that the engine makes of it: for tests that hold a policy against its component.
    #[doc(hidden)]
    pub fn to_invocation(&self, world: &World) -> Invocation {
        let head = Head {
            request_id: RequestId::new(&self.request_id),
            invocation_id: self.invocation_id.clone(),
            invoked_arn: self.invoked_arn.clone().unwrap_or_else(|| arn(world)),
            trace_id: self.trace_id.clone(),
            tenant_id: self.tenant_id.clone(),
            arrived: self.arrived,
            deadline: self.arrived.plus(self.timeout),
            sequence: self.sequence,
        };
        Invocation::new(head, Bytes::from(self.to_json()))
    }

    #[track_caller]
    fn http(&mut self, what: &str) -> &mut Request {
        match &mut self.form {
            Form::Http(request) => request,
            Form::Json(_) => trap(&format!("an event made from JSON text takes no `{what}`: put it into the text")),
        }
    }
}

fn arn(world: &World) -> String {
    let environment = &world.environment;
    let account = environment.account.as_deref().unwrap_or("123456789012");
    format!("arn:aws:lambda:{}:{account}:function:{}", environment.region, environment.function_name)
}

impl Request {
    /// Payload format 2.0, as
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html> has it.
    fn payload(&self, arrived: Timestamp) -> Value {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": self.joined_headers(),
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api-id",
                "domainName": "id.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "id",
                "http": {
                    "method": self.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "agent",
                },
                "requestId": "id",
                "routeKey": "$default",
                "stage": "$default",
                "timeEpoch": arrived.as_milliseconds(),
            },
            "isBase64Encoded": false,
        });
        if let Some(body) = &self.body {
            event["body"] = json!(body);
        }
        let cookies: Vec<_> = self.values("cookie").flat_map(|value| value.split("; ")).collect();
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        event
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn joined_headers(&self) -> Map<String, Value> {
        let names = self.headers.iter().map(|(name, _)| name).filter(|name| *name != "cookie");
        names.map(|name| (name.clone(), json!(self.values(name).collect::<Vec<_>>().join(",")))).collect()
    }
}
