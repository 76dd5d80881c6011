//! What is published is enforced on the very next invocations of a running function.

use anyhow::Result;
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::publishing::experiment;
use serde_json::{Value, json};

/// The HTTP status of the function's answer to a GET of this path.
async fn status(layered: &Layered, path: &str) -> u64 {
    let invoked = layered.function.invoke(http_event("GET", path)).await;
    let answer: Value = serde_json::from_slice(&invoked.outcome.bytes().await).unwrap_or_default();
    answer["statusCode"].as_u64().unwrap_or_default()
}

fn outage() -> String {
    experiment("outage", &json!([{ "use": "path-outage", "settings": { "paths": ["/health"], "status": 404 } }]))
}

#[tokio::test]
async fn on_awss_python_client_without_a_restart() -> Result<()> {
    let layered = layered::layered(layered::python("orders")?).await?;
    assert_eq!(status(&layered, "/health").await, 200);
    layered.deploy(&outage());
    layered.until_line("armed").await;
    assert_eq!(status(&layered, "/health").await, 404);
    assert_eq!(status(&layered, "/orders").await, 200);
    layered.deploy(r#"{"halt": true}"#);
    layered.until_line("halted").await;
    assert_eq!(status(&layered, "/health").await, 200);
    assert_eq!(layered.log().iter().filter(|line| line["misrule"] == "start").count(), 1);
    Ok(())
}
