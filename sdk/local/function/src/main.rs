//! The demo's function: a small HTTP API, as a team would write it on the official Rust runtime client.
//!
//! `GET /health` and `GET /orders/{id}` answer 200; all else is a 404. Each answer names the region that it comes from. It
//! reads function URL and HTTP API events.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let region = region();
    lambda_runtime::run_concurrent(service_fn(move |event| handle(event, region.clone()))).await
}

/// Where it runs: Lambda says so in `AWS_REGION`.
#[expect(clippy::disallowed_methods, reason = "the one setting, read once")]
fn region() -> String {
    std::env::var("AWS_REGION").unwrap_or_default()
}

async fn handle(event: LambdaEvent<Value>, region: String) -> Result<Value, Error> {
    let http = &event.payload["requestContext"]["http"];
    let method = http["method"].as_str().unwrap_or_default();
    let path = event.payload["rawPath"].as_str().unwrap_or_default();
    Ok(answer(method, path, &region))
}

fn answer(method: &str, path: &str, region: &str) -> Value {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["health"]) => respond(200, region, &json!({ "status": "ok" })),
        ("GET", ["orders", id]) if !id.is_empty() => {
            respond(200, region, &json!({ "id": id, "state": "shipped", "items": [{ "name": "motley", "count": 1 }] }))
        }
        _ => respond(404, region, &json!({ "error": "not found" })),
    }
}

fn respond(status: u16, region: &str, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": { "content-type": "application/json", "x-region": region },
        "body": body.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_answer_as_they_say() {
        for (method, path, status) in [
            ("GET", "/health", 200),
            ("GET", "/orders/7", 200),
            ("GET", "/orders/", 404),
            ("POST", "/health", 404),
            ("GET", "/", 404),
        ] {
            let answer = answer(method, path, "eu-west-1");
            assert_eq!(answer["statusCode"], status, "{method} {path}");
            assert_eq!(answer["headers"]["x-region"], "eu-west-1", "{method} {path}");
        }
        assert_eq!(answer("GET", "/health", "eu-west-1")["body"], r#"{"status":"ok"}"#);
    }
}
