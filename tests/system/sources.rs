//! The sources besides AppConfig itself, which `enforced` has.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use misrule_local::appconfig::Agent;
use misrule_tests::layered::{self, Layered, PLACE};
use misrule_tests::publishing::experiment;
use serde_json::json;

fn outage() -> String {
    experiment("outage", &json!([{ "use": "path-outage", "settings": { "paths": ["/health"], "status": 404 } }]))
}

/// A function whose layer asks an agent on this port, and knows neither AppConfig's endpoint nor credentials.
async fn asking_the_agent(port: u16) -> Result<Layered> {
    let (appconfig, place) = layered::local_appconfig().await?;
    let (source, port) = (format!("agent:{PLACE}"), port.to_string());
    let variables = [
        ("MISRULE_SOURCE", source.as_str()),
        ("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port.as_str()),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
    ];
    layered::layered_beside(appconfig, place, layered::python("orders")?, &variables).await
}

#[tokio::test]
async fn an_agent_on_localhost_delivers_what_is_deployed_and_halted() -> Result<()> {
    let port = layered::free_port()?;
    let layered = Arc::new(asking_the_agent(port).await?);
    let failed = layered.until_line("source_failed").await;
    assert_eq!(failed["source"], format!("agent:{PLACE}"));
    let reason = failed["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with(&format!("the AppConfig agent on port {port} gives no answer: ")), "{failed}");

    let agent = Agent::bind(&layered.appconfig, port).await?;
    agent.set_poll_interval(Duration::from_secs(1));
    layered.until_line("nothing_deployed").await;
    layered.deploy(&outage());
    let armed = layered.until_line("armed").await;
    assert_eq!(armed["experiment"], "outage");
    assert_eq!(layered.get("/health").await?.0, 404);
    assert_eq!(layered.get("/orders/7").await?.0, 200);

    layered.deploy(r#"{"halt": true}"#);
    layered.until_line("halted").await;
    assert_eq!(layered.get("/health").await?.0, 200);
    assert_eq!(layered.appconfig.calls("StartConfigurationSession"), 0, "only the agent asks AppConfig");
    Ok(())
}
