//! The example events of AWS's own pages, cut down to what is read of them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::HttpShape;
use crate::invocation::{Head, Invocation, RequestId};
use crate::time::Timestamp;

/// What is read of an event: method, path, body, each value of a header and of a query parameter, and how it is answered.
#[derive(Clone, Copy)]
struct Read {
    method: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    header: (&'static str, &'static [&'static str]),
    query: (&'static str, &'static [&'static str]),
    shape: HttpShape,
}

fn reads(event: &Value, read: &Read) {
    let head = Head {
        request_id: RequestId::new("r-1"),
        invocation_id: None,
        invoked_arn: String::new(),
        trace_id: None,
        tenant_id: None,
        arrived: Timestamp::from_milliseconds(1),
        deadline: Timestamp::from_milliseconds(2),
        sequence: 0,
    };
    let invocation = Invocation::new(head, Bytes::from(event.to_string()));
    assert_eq!(invocation.method().as_deref(), Some(read.method), "{event}");
    assert_eq!(invocation.path().as_deref(), Some(read.path), "{event}");
    assert_eq!(invocation.body().as_deref(), read.body.map(str::as_bytes), "{event}");
    assert_eq!(invocation.header(read.header.0), read.header.1, "{event}");
    assert_eq!(invocation.query(read.query.0), read.query.1, "{event}");
    assert_eq!(invocation.answerable(), Some(read.shape), "{event}");
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>
#[test]
fn a_rest_apis_example_is_read() {
    let event = json!({
        "resource": "/my/path",
        "path": "/my/path",
        "httpMethod": "GET",
        "headers": { "header1": "value1", "header2": "value2" },
        "multiValueHeaders": { "header1": ["value1"], "header2": ["value1", "value2"] },
        "queryStringParameters": { "parameter1": "value1,value2", "parameter2": "value" },
        "multiValueQueryStringParameters": { "parameter1": ["value1", "value2"], "parameter2": ["value"] },
        "requestContext": { "httpMethod": "GET", "path": "/my/path", "resourcePath": "/my/path", "stage": "$default" },
        "body": "Hello from Lambda!",
        "isBase64Encoded": false
    });
    let read = Read {
        method: "GET",
        path: "/my/path",
        body: Some("Hello from Lambda!"),
        header: ("Header2", &["value1", "value2"]),
        query: ("parameter1", &["value1", "value2"]),
        shape: HttpShape::RestApi,
    };
    reads(&event, &read);
    let mut version_1 = event;
    version_1["version"] = json!("1.0");
    reads(&version_1, &Read { shape: HttpShape::HttpApiV1, ..read });
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html> and
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
#[test]
fn the_examples_of_an_http_api_and_of_a_function_url_are_read() {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": { "header1": "value1", "header2": "value1,value2" },
        "queryStringParameters": { "parameter1": "value1,value2", "parameter2": "value" },
        "requestContext": {
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": { "method": "POST", "path": "/my/path", "protocol": "HTTP/1.1" },
            "stage": "$default"
        },
        "body": "Hello from Lambda",
        "isBase64Encoded": false
    });
    let read = Read {
        method: "POST",
        path: "/my/path",
        body: Some("Hello from Lambda"),
        header: ("cookie", &["cookie1", "cookie2"]),
        query: ("parameter1", &["value1", "value2"]),
        shape: HttpShape::HttpApiV2,
    };
    reads(&event, &read);
    reads(&event, &Read { header: ("header2", &["value1,value2"]), ..read });
    event["requestContext"]["domainName"] = json!("<url-id>.lambda-url.us-west-2.on.aws");
    reads(&event, &Read { shape: HttpShape::FunctionUrl, ..read });
}

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer>
#[test]
fn a_load_balancers_examples_are_read() {
    let context = json!({ "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:region:123456789012:targetgroup/my-target-group/6d0ecf831eec9f09" } });
    let event = json!({
        "requestContext": context,
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": { "myKey": "val2" },
        "headers": { "accept": "text/html,application/xhtml+xml", "cookie": "cookies" },
        "isBase64Encoded": false,
        "body": "request_body"
    });
    let read = Read {
        method: "GET",
        path: "/",
        body: Some("request_body"),
        header: ("Cookie", &["cookies"]),
        query: ("myKey", &["val2"]),
        shape: HttpShape::LoadBalancer,
    };
    reads(&event, &read);
    let event = json!({
        "requestContext": context,
        "httpMethod": "GET",
        "path": "/",
        "multiValueQueryStringParameters": { "myKey": ["val1", "val2"] },
        "multiValueHeaders": { "cookie": ["name1=value1", "name2=value2"], "x-forwarded-for": ["72.12.164.125"] },
        "isBase64Encoded": true,
        "body": "cmVxdWVzdF9ib2R5"
    });
    reads(
        &event,
        &Read {
            header: ("cookie", &["name1=value1", "name2=value2"]),
            query: ("myKey", &["val1", "val2"]),
            shape: HttpShape::LoadBalancerMultiValue,
            ..read
        },
    );
}
