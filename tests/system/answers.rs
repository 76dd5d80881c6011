//! A function behind each service that calls functions by HTTP: what it gets where `respond-http` answers in its
//! handler's place. Events and answers are written as AWS documents them; the pages are named in
//! `extension/src/faults/respond_http/tests.rs`, which has the details of each shape.

use anyhow::Result;
use misrule_local::lambda::Outcome;
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::publishing::experiment;
use serde_json::{Value, json};

use crate::faults;

const MADE_BY: &str = "outage/path-outage";

fn outage() -> String {
    let headers = json!({ "retry-after": "2", "content-type": "text/plain" });
    let settings = json!({ "paths": ["/", "/health"], "status": 503, "headers": headers, "body": "gone" });
    experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]))
}

async fn layered(variables: &[(&str, &str)]) -> Result<Layered> {
    let layered = layered::layered_after(outage(), layered::python("orders")?, variables).await?;
    layered.until_line("armed").await;
    Ok(layered)
}

/// Each service's request for `/health`, and the answer that it documents.
fn services() -> Vec<(&'static str, Value, Value)> {
    let headers = json!({ "content-type": "text/plain", "retry-after": "2", "x-misrule": MADE_BY });
    let plain = json!({ "statusCode": 503, "headers": headers, "body": "gone", "isBase64Encoded": false });
    let elb =
        json!({ "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b" } });
    let mut single = plain.clone();
    single["statusDescription"] = json!("503 Service Unavailable");
    let mut multi = json!({ "statusCode": 503, "statusDescription": "503 Service Unavailable", "body": "gone", "isBase64Encoded": false });
    multi["multiValueHeaders"] =
        json!({ "content-type": ["text/plain"], "retry-after": ["2"], "x-misrule": [MADE_BY] });
    vec![
        (
            "a REST API",
            json!({ "resource": "/{proxy+}", "path": "/health", "httpMethod": "GET", "requestContext": { "stage": "prod" } }),
            plain.clone(),
        ),
        (
            "an HTTP API 1.0",
            json!({ "version": "1.0", "path": "/prod/health", "httpMethod": "GET", "requestContext": { "stage": "prod" } }),
            plain.clone(),
        ),
        (
            "an HTTP API 2.0",
            json!({ "version": "2.0", "rawPath": "/prod/health", "requestContext": { "stage": "prod", "http": { "method": "GET" } } }),
            plain.clone(),
        ),
        ("a function URL", serde_json::from_str(&http_event("GET", "/health")).unwrap(), plain),
        (
            "a load balancer",
            json!({ "requestContext": elb, "httpMethod": "GET", "path": "/health", "headers": { "host": "a" } }),
            single,
        ),
        (
            "a load balancer with multi-value headers",
            json!({ "requestContext": elb, "httpMethod": "GET", "path": "/health", "multiValueHeaders": { "host": ["a"] } }),
            multi,
        ),
        (
            "a WebSocket API",
            json!({ "requestContext": { "routeKey": "$connect", "eventType": "CONNECT", "connectionId": "a=" } }),
            json!({ "statusCode": 503 }),
        ),
    ]
}

#[tokio::test]
async fn each_service_is_answered_in_its_own_shape() -> Result<()> {
    let layered = layered(&[]).await?;
    for (service, event, expected) in services() {
        let answer = layered.function.invoke(event.to_string()).await.outcome.bytes().await;
        let answer: Value = serde_json::from_slice(&answer)?;
        assert_eq!(answer, expected, "{service}");
    }
    Ok(())
}

#[tokio::test]
async fn a_function_url_that_streams_is_answered_by_a_stream() -> Result<()> {
    let layered = layered(&[("MISRULE_INVOKE_MODE", "RESPONSE_STREAM")]).await?;
    let invoked = layered.function.invoke(http_event("GET", "/health")).await;
    let Outcome::Streamed(mut streamed) = invoked.outcome else { panic!("no stream: {}", layered.everything()) };
    let (body, _) = streamed.collect().await;
    let end = body.windows(8).position(|window| window == [0; 8]).unwrap();
    let headers = json!({ "content-type": "text/plain", "retry-after": "2", "x-misrule": MADE_BY });
    assert_eq!(streamed.content_type.as_deref(), Some("application/vnd.awslambda.http-integration-response"));
    let prelude: Value = serde_json::from_slice(&body[..end])?;
    assert_eq!(prelude, json!({ "statusCode": 503, "headers": headers }));
    assert_eq!(&body[end + 8..], b"gone");
    Ok(())
}

#[tokio::test]
async fn an_answer_says_nothing_of_us_where_that_is_turned_off() -> Result<()> {
    let made = json!([{ "fault": "respond-http", "number": 503 }]);
    let changed = json!([{ "fault": "set-status", "number": 503 }]);
    for (before, after) in [(made.clone(), json!([])), (json!([]), made), (json!([]), changed)] {
        let settings = json!({ "path": "/health", "before": before, "after": after, "answer_body": true });
        for (variables, named) in [(&[][..], true), (&[("MISRULE_ANSWER_HEADER", "false")], false)] {
            let layered = faults::armed(layered::python("orders")?, &settings, variables).await?;
            let (status, answer) = layered.get("/health").await?;
            assert_eq!(status, 503, "{settings}");
            assert_eq!(answer["headers"]["x-misrule"].is_string(), named, "{settings}: {answer}");
        }
    }
    Ok(())
}
