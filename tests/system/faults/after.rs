//! Faults after the handler answered, under AWS's own clients.

use std::time::Duration;

use anyhow::Result;
use misrule_local::lambda::Outcome;
use misrule_tests::layered::{self, Layered, http_event};
use serde_json::{Value, json};

use super::armed;

async fn held_back(function: &str, after: &Value) -> Result<Layered> {
    let settings = json!({ "path": "/orders/**", "after": after, "answer_body": true });
    let function = if function == "Rust" { layered::rust("orders")? } else { layered::python("orders")? };
    armed(function, &settings, &[]).await
}

async fn answer(layered: &Layered, event: String) -> Result<Value> {
    Ok(serde_json::from_slice(&layered.function.invoke(event).await.outcome.bytes().await)?)
}

#[tokio::test]
async fn the_caller_gets_a_changed_answer() -> Result<()> {
    let after = json!([
        { "fault": "set-status", "number": 502 },
        { "fault": "set-header", "name": "Retry-After", "value": "7" },
        { "fault": "set-header", "name": "Content-Type" },
        { "fault": "edit", "body": true, "name": "/state", "value": "\"lost\"" },
    ]);
    let layered = held_back("Rust", &after).await?;
    let answer = answer(&layered, http_event("GET", "/orders/7")).await?;
    assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(502), &Value::Null));
    assert_eq!((&answer["headers"]["Retry-After"], &answer["headers"]["content-type"]), (&json!("7"), &Value::Null));
    assert_eq!(answer["headers"]["x-misrule"], "trial/catalogue");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
    assert_eq!((&body["id"], &body["state"]), (&json!("7"), &json!("lost")));
    let line = layered.until_line("injected").await;
    assert_eq!(
        (&line["hook"], &line["faults"]),
        (&json!("after"), &json!(["set-status", "set-header", "set-header", "edit"]))
    );
    Ok(())
}

#[tokio::test]
async fn the_caller_gets_half_a_body_and_noise() -> Result<()> {
    let after = json!([{ "fault": "truncate", "number": 20 }, { "fault": "garble", "rate": 1.0 }]);
    let layered = held_back("Python", &after).await?;
    let answer = answer(&layered, http_event("GET", "/orders/7")).await?;
    let body = answer["body"].as_str().unwrap_or_default();
    assert!(body.len() == 20 && !body.contains("path"), "{answer}");
    assert_eq!((&answer["statusCode"], &answer["headers"]["x-misrule"]), (&json!(200), &json!("trial/catalogue")));
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_handler_stays_and_is_told() -> Result<()> {
    let settings =
        json!({ "path": "/raise", "after": [{ "fault": "set-status", "number": 200 }], "answer_body": true });
    let layered = armed(layered::python("orders")?, &settings, &[]).await?;
    let invoked = layered.function.invoke(http_event("GET", "/raise")).await;
    assert!(invoked.outcome.error().is_some(), "{:?}", invoked.outcome);
    let refused = layered.until_line("refused_step").await;
    assert_eq!(refused["reason"], "the handler reported an error: there is no result to change");
    Ok(())
}

#[tokio::test]
pub(super) async fn an_answer_that_hangs_runs_into_lambdas_timeout_without_its_body_being_held_back() -> Result<()> {
    let settings = json!({ "path": "/hang", "after": [{ "fault": "hang" }] });
    let layered = armed(layered::python("orders")?.timeout(Duration::from_secs(3)), &settings, &[]).await?;
    let invoked = layered.function.invoke(http_event("GET", "/hang")).await;
    assert!(matches!(invoked.outcome, Outcome::TimedOut(_)), "{:?}", invoked.outcome);
    assert_eq!(layered.get("/orders/7").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_changes_no_answer() -> Result<()> {
    let settings = json!({ "path": "/orders/**", "after": [{ "fault": "truncate" }], "answer_body": true });
    let layered = armed(layered::rust("orders")?, &settings, &[("MISRULE_DRY_RUN", "true")]).await?;
    let answer = answer(&layered, http_event("GET", "/orders/7")).await?;
    assert!(answer["body"].as_str().is_some_and(|body| body.contains("shipped")), "{answer}");
    assert_eq!(layered.until_line("would_have").await["hook"], "after");
    Ok(())
}
