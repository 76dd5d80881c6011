//! Faults before the handler sees the event.

use std::time::Duration;

use anyhow::Result;
use misrule_local::lambda::Outcome;
use misrule_tests::emulator::{self, Emulator, Instances};
use misrule_tests::layered::{self, http_event};
use misrule_tests::programs;
use serde_json::{Value, json};

use super::{armed, catalogue, emulated};

/// An order through a REST API, its body in base64.
fn order() -> Value {
    json!({
        "resource": "/{proxy+}", "path": "/seen", "rawPath": "/seen", "httpMethod": "POST",
        "headers": { "X-Tenant": "red", "accept": "*/*" },
        "multiValueHeaders": { "X-Tenant": ["red"], "accept": ["*/*"] },
        "requestContext": { "stage": "prod" },
        "body": "eyJ0b3RhbCI6IDEyLjUwLCAibGluZXMiOiBbMSwgMl19", "isBase64Encoded": true,
    })
}

#[tokio::test]
async fn the_handler_sees_an_edited_event() -> Result<()> {
    let before = json!([
        { "fault": "edit", "body": true, "name": "/total", "value": "-1" },
        { "fault": "edit", "body": true, "name": "/lines/0" },
        { "fault": "edit", "name": "/requestContext/stage", "value": "\"beta\"" },
        { "fault": "edit", "name": "/no/such/place", "value": "1" },
        { "fault": "set-header", "name": "x-tenant", "value": "blue" },
        { "fault": "set-header", "name": "ACCEPT" },
    ]);
    let settings = json!({ "path": "/seen", "before": before });
    let layered = armed(layered::python("orders")?, &settings, &[]).await?;
    let seen = layered.function.invoke(order().to_string()).await.outcome.bytes().await;
    let mut expected = order();
    // {"total": -1, "lines": [2]}
    expected["body"] = json!("eyJ0b3RhbCI6IC0xLCAibGluZXMiOiBbMl19");
    expected["requestContext"]["stage"] = json!("beta");
    expected["headers"] = json!({ "X-Tenant": "blue" });
    expected["multiValueHeaders"] = json!({ "X-Tenant": ["blue"] });
    assert_eq!(serde_json::from_slice::<Value>(&seen)?, expected);
    let failed = layered.until_line("fault_failed").await;
    assert_eq!(failed["fault"], "edit");
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("before its segment 3")), "{failed}");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_edits_nothing_and_crashes_nobody() -> Result<()> {
    let before = json!([{ "fault": "edit", "name": "/path", "value": "1" }, { "fault": "crash" }]);
    let settings = json!({ "path": "/seen", "before": before });
    let layered = armed(layered::python("orders")?, &settings, &[("MISRULE_DRY_RUN", "true")]).await?;
    let seen = layered.function.invoke(order().to_string()).await.outcome.bytes().await;
    assert_eq!(serde_json::from_slice::<Value>(&seen)?, order());
    assert_eq!(layered.until_line("would_have").await["faults"], json!(["edit", "crash"]));
    Ok(())
}

#[tokio::test]
async fn what_needs_an_http_request_is_refused_where_there_is_none() -> Result<()> {
    let before = json!([
        { "fault": "set-header", "name": "a", "value": "b" },
        { "fault": "edit", "body": true, "name": "/a", "value": "1" },
        { "fault": "edit", "name": "/a", "value": "1" },
    ]);
    let layered = armed(layered::python("orders")?, &json!({ "before": before }), &[]).await?;
    let seen = layered.function.invoke(r#"{"rawPath":"/seen"}"#).await.outcome.bytes().await;
    assert_eq!(seen, r#"{"rawPath": "/seen", "a": 1}"#);
    let refused = layered.until_line_that(|line| line["misrule"] == "refused_step" && line["fault"] == "edit").await;
    assert_eq!(refused["reason"], "the event is no HTTP request that can be answered");
    Ok(())
}

#[tokio::test]
async fn any_event_is_answered_with_json() -> Result<()> {
    let before = json!([{ "fault": "return-json", "value": "{\"batchItemFailures\": []}" }]);
    let layered = armed(layered::python("orders")?, &json!({ "before": before }), &[]).await?;
    let answer = layered.function.invoke(r#"{"Records":[{"eventSource":"aws:sqs"}]}"#).await.outcome.bytes().await;
    assert_eq!(answer, r#"{"batchItemFailures": []}"#);
    Ok(())
}

#[tokio::test]
pub(super) async fn an_invocation_that_hangs_runs_into_lambdas_timeout_and_the_next_one_is_served() -> Result<()> {
    let settings = json!({ "path": "/hang", "before": [{ "fault": "hang" }] });
    let function = layered::python("orders")?.timeout(Duration::from_secs(3));
    let layered = armed(function, &settings, &[]).await?;
    let invoked = layered.function.invoke(http_event("GET", "/hang")).await;
    assert!(matches!(invoked.outcome, Outcome::TimedOut(_)), "{:?}", invoked.outcome);
    assert!(invoked.duration >= Duration::from_secs(3), "{:?}", invoked.duration);
    assert_eq!(layered.get("/orders/7").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn an_invocation_that_hangs_is_let_go_by_a_halt() -> Result<()> {
    let settings = json!({ "path": "/seen", "before": [{ "fault": "hang" }] });
    let function = layered::python("orders")?.timeout(Duration::from_secs(60));
    let layered = armed(function, &settings, &[]).await?;
    let (news, function) = (layered.news(), layered.function.clone());
    let hangs = tokio::spawn(async move { function.invoke(order().to_string()).await.outcome.bytes().await });
    news.quietly_until("the fault", |line| line["misrule"] == "injected").await?;
    layered.deploy(r#"{"halt": true}"#);
    let seen = tokio::time::timeout(layered::PATIENCE, hangs).await??;
    assert_eq!(serde_json::from_slice::<Value>(&seen)?, order());
    let ended = news.quietly_until("its end", |line| line["misrule"] == "fault_ended").await?;
    assert_eq!((&ended["fault"], &ended["reason"]), (&json!("hang"), &json!("it was halted")));
    Ok(())
}

fn crash() -> Value {
    json!({ "path": "/crash", "before": [{ "fault": "crash" }] })
}

#[tokio::test]
pub(super) async fn a_runtime_that_crashes_comes_back_and_serves_the_next_event() -> Result<()> {
    for (client, function) in [("Python", layered::python("orders")?), ("Rust", layered::rust("orders")?)] {
        let layered = armed(function, &crash(), &[("MISRULE_FIRST_WAIT", "20s")]).await?;
        let layer = layered.process_id()?;
        for _ in 0..2 {
            let invoked = layered.function.invoke(http_event("GET", "/crash")).await;
            let failed = invoked.outcome.error().map(|error| error.error_type.clone());
            assert_eq!(failed.as_deref(), Some("Runtime.ExitError"), "{client}: {:?}", invoked.outcome);
            assert_eq!(layered.get("/orders/7").await?.0, 200, "{client}");
        }
        assert_ne!(layered.process_id()?, layer, "{client}: the environment was started again");
        let told = layered.everything();
        assert!(!told.contains("\"failed\""), "{client}: nothing in the layer failed:\n{told}");
    }
    Ok(())
}

/// AWS's clients exit; this one asks again.
#[tokio::test]
async fn a_runtime_that_survives_a_crash_gets_its_event_and_that_is_told() -> Result<()> {
    let folder = programs::checkout().join("tests/functions");
    let function = layered::function("orders").runtime(programs::python("python")?, ["stubborn.py"]).task_root(folder);
    let layered = armed(function, &crash(), &[]).await?;
    let event = http_event("GET", "/crash");
    assert_eq!(layered.function.invoke(event.clone()).await.outcome.bytes().await, event);
    let told = layered.until_line("failed").await;
    assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("instead of exiting")), "{told}");
    Ok(())
}

#[tokio::test]
async fn under_lambdas_own_control_program_a_crash_is_the_runtimes_and_what_hangs_times_out() -> Result<()> {
    let test = "faults::before::under_lambdas_own_control_program_a_crash_is_the_runtimes_and_what_hangs_times_out";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let opt = emulator::layer()?;
    for (fault, told) in [("crash", "Runtime.ExitError"), ("hang", "Task timed out after 3.00 seconds")] {
        let settings = json!({ "path": "/hit", "before": [{ "fault": fault }] });
        let builder = Emulator::builder(namespace, opt.path()).timeout(Duration::from_secs(3));
        let (emulator, _appconfig) = emulated(builder, catalogue(&settings)?).await?;
        for _ in 0..2 {
            let hit = emulator.invoke(&http_event("GET", "/hit")).await?;
            assert!(hit.body.contains(told), "{fault}: {hit:?}\n{}", emulator.last_words());
            let served = emulator.invoke(&http_event("GET", "/orders/7")).await?;
            assert_eq!((served.status, served.error_type), (200, None), "{fault}: {}", emulator.last_words());
        }
        let lines = emulator.shut_down().await?.lines;
        assert!(!lines.iter().any(|line| line.contains("Extension.Crash")), "{fault}: {}", lines.join("\n"));
    }
    Ok(())
}
