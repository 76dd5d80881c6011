//! The demo's function: a small HTTP API, as a team would write it on the official Rust runtime client.
//!
//! `GET /health` and `GET /orders/{id}` answer 200; all else is a 404. It reads function URL and HTTP API events.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let http = &event.payload["requestContext"]["http"];
    let method = http["method"].as_str().unwrap_or_default();
    let path = event.payload["rawPath"].as_str().unwrap_or_default();
    Ok(answer(method, path))
}

fn answer(method: &str, path: &str) -> Value {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["health"]) => respond(200, &json!({ "status": "ok" })),
        ("GET", ["orders", id]) if !id.is_empty() => {
            respond(200, &json!({ "id": id, "state": "shipped", "items": [{ "name": "motley", "count": 1 }] }))
        }
        _ => respond(404, &json!({ "error": "not found" })),
    }
}

fn respond(status: u16, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": { "content-type": "application/json" },
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
            assert_eq!(answer(method, path)["statusCode"], status, "{method} {path}");
        }
        assert_eq!(answer("GET", "/health")["body"], r#"{"status":"ok"}"#);
    }
}
