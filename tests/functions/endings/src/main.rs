//! Ends each invocation as its path asks, under AWS's own Rust client.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::streaming::{Body, channel};
use lambda_runtime::{
    BoxFuture, Error, FunctionResponse, LambdaEvent, Runtime, SnapStartResource, StreamResponse, service_fn,
};
use serde_json::{Value, json};

type Answer = FunctionResponse<Value, Body>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("FAIL_INIT").is_some() {
        return Err("init failed".into());
    }
    Runtime::new(service_fn(handle)).register_snapstart_resource(Arc::new(Hook)).run_concurrent().await
}

/// What is done in each copy of a snapshot.
struct Hook;

impl SnapStartResource for Hook {
    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        let fails = std::env::var_os("FAIL_RESTORE").is_some();
        Box::pin(async move { if fails { Err("the hook failed".into()) } else { Ok(()) } })
    }
}

async fn handle(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    let path = event.payload["rawPath"].as_str().unwrap_or_default();
    match path {
        "/handler-error" => return Err("the handler failed".into()),
        "/crash" => std::process::exit(7),
        "/timeout" => tokio::time::sleep(Duration::from_secs(600)).await,
        "/stream" => return Ok(streamed(true)),
        "/stream-error" => return Ok(streamed(false)),
        _ => {}
    }
    Ok(FunctionResponse::BufferedResponse(json!({ "statusCode": 200, "body": path })))
}

/// A stream of two pieces, or of one and an error.
fn streamed(whole: bool) -> Answer {
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        // Where nobody reads any more, there is nobody to tell.
        let _ = sender.send_data("first".into()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if whole {
            let _ = sender.send_data("last".into()).await;
        } else {
            sender.abort();
        }
    });
    FunctionResponse::StreamingResponse(StreamResponse::from(body))
}
