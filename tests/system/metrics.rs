//! The log of a running function as CloudWatch sees it: its metrics, and README's query of Logs Insights.

use anyhow::{Context as _, Result};
use misrule_local::appconfig::{Behaviour, Plane};
use misrule_tests::layered::{self, Layered};
use misrule_tests::publishing::experiment;
use misrule_tests::{logs_insights, programs};
use serde_json::{Value, json};

use crate::{faults, readme};

const FAULTS: u64 = 3;

/// A function on which so many faults were injected, whose experiment was then halted.
async fn experimented_on(variables: &[(&str, &str)]) -> Result<Layered> {
    let settings = json!({ "paths": ["/health"], "delay": "20ms" });
    let slow = experiment("slow", &json!([{ "use": "latency", "settings": settings }]));
    let layered = layered::layered_after(slow, layered::rust("orders")?, variables).await?;
    layered.all_news().until("armed").await?;
    for _ in 0..FAULTS {
        layered.get("/health").await?;
    }
    layered.deploy(r#"{"halt": true}"#);
    layered.all_news().until("disarmed").await?;
    Ok(layered)
}

/// What CloudWatch would add up for a metric, over all lines whose directive names it for these dimensions.
fn sum(log: &[Value], metric: &str, dimensions: &Value) -> u64 {
    let directive = |line: &Value| line["_aws"]["CloudWatchMetrics"][0].clone();
    let names = |line: &Value| {
        let metrics = directive(line)["Metrics"].as_array().cloned().unwrap_or_default();
        directive(line)["Dimensions"] == *dimensions && metrics.iter().any(|named| named["Name"] == metric)
    };
    log.iter().filter(|line| names(line)).filter_map(|line| line[metric].as_u64()).sum()
}

#[tokio::test]
async fn cloudwatch_counts_what_was_injected_by_function_and_experiment() -> Result<()> {
    let layered = experimented_on(&[]).await?;
    let log = layered.log();
    let by = json!([["function", "experiment"]]);
    let counted = ["Injected", "AddedDelay", "Armed", "Disarmed"].map(|metric| sum(&log, metric, &by));
    assert_eq!(counted, [FAULTS, FAULTS * 20, 1, 1], "{log:#?}");
    assert_eq!(sum(&log, "Halted", &json!([["function"]])), 1, "{log:#?}");
    let injected = log.iter().find(|line| line["misrule"] == "injected").context("it acted")?;
    assert_eq!((&injected["function"], &injected["experiment"]), (&json!("orders"), &json!("slow")));
    Ok(())
}

#[tokio::test]
async fn a_fault_that_failed_counts_as_failed_and_not_as_injected() -> Result<()> {
    let edit = |pointer: &str| json!({ "fault": "edit", "name": pointer, "value": "1" });
    for (before, injected, failed) in [
        (json!([edit("/no/such/place")]), 0, 1),
        (json!([edit("/no/such/place"), edit("/new")]), 1, 1),
        (json!([edit("/new"), edit("/newer")]), 1, 0),
    ] {
        let settings = json!({ "path": "/health", "before": before });
        let layered = faults::armed(layered::rust("orders")?, &settings, &[]).await?;
        layered.get("/health").await?;
        layered.deploy(r#"{"halt": true}"#);
        layered.all_news().until("disarmed").await?;
        let log = layered.log();
        let counted = ["Injected", "FaultFailed"].map(|metric| sum(&log, metric, &json!([["function", "experiment"]])));
        assert_eq!(counted, [injected, failed], "{before}: {log:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_fault_of_a_stream_counts_once_it_comes_to_its_bytes() -> Result<()> {
    for (offsets, injected, refused, ended) in [(vec![3], 1, 0, 0), (vec![99], 0, 1, 0), (vec![3, 99], 1, 0, 1)] {
        let pause = |offset: &u64| json!({ "fault": "pause", "number": offset, "duration": "10ms" });
        let settings = json!({ "path": "/health", "after": offsets.iter().map(pause).collect::<Vec<_>>() });
        let runtime = programs::checkout().join("sdk/local/tests/local/programs/runtime.py");
        let layered = faults::armed(layered::function("orders").runtime(runtime, []), &settings, &[]).await?;
        let mut event: Value = serde_json::from_str(&layered::http_event("GET", "/health"))?;
        event["do"] = json!("stream");
        let streamed = layered.function.invoke(event.to_string()).await.outcome.bytes().await;
        assert!(streamed.ends_with(b"onetwo"), "{streamed:?}");
        layered.deploy(r#"{"halt": true}"#);
        layered.all_news().until("disarmed").await?;
        let log = layered.log();
        let counted = ["Injected", "RefusedStep"].map(|metric| sum(&log, metric, &json!([["function", "experiment"]])));
        assert_eq!(counted, [injected, refused], "{offsets:?}: {log:#?}");
        let not_begun = json!([10, 0, "the stream was over before its offset"]);
        let ends = log.iter().filter(|line| line["misrule"] == "fault_ended");
        let ends: Vec<_> = ends.map(|line| json!([line["planned_ms"], line["took_ms"], line["reason"]])).collect();
        assert_eq!(ends, vec![not_begun; ended], "{offsets:?}: {log:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_metrics_the_lines_are_the_same_but_for_them() -> Result<()> {
    let layered = experimented_on(&[("MISRULE_METRICS", "false")]).await?;
    assert_eq!(layered.news().count("injected"), 0, "all of them are told");
    let injected = layered.all_news().lines().into_iter().filter(|line| line["misrule"] == "injected");
    let injected: Vec<_> = injected.collect();
    assert_eq!(injected.len() as u64, FAULTS);
    assert!(!layered.everything().contains("_aws"), "{}", layered.everything());
    Ok(())
}

#[tokio::test]
async fn readmes_query_counts_what_the_layer_did() -> Result<()> {
    let layered = experimented_on(&[]).await?;
    let output = layered.function.output();
    let events: Vec<_> = (1_700_000_000_000..).zip(output.iter().map(|line| line.text.clone())).collect();
    let rows = logs_insights::query(&readme::block("insights")?, &events)?;
    let row = |kind: &str| rows.iter().find(|row| row["misrule"] == kind).with_context(|| format!("{rows:?}"));
    assert_eq!(rows[0]["misrule"], "injected", "the most frequent comes first");
    let injected = row("injected")?;
    assert_eq!(
        (&injected["times"], &injected["experiment"], &injected["policy"]),
        (&json!(FAULTS), &json!("slow"), &json!("latency"))
    );
    assert_eq!(row("armed")?["times"], 1);
    assert!(row("armed")?.get("policy").is_none(), "no policy alone is armed");
    let others =
        rows.iter().filter(|row| !["injected", "armed"].contains(&row["misrule"].as_str().unwrap_or_default()));
    assert_eq!(others.count(), 0, "{rows:?}");
    Ok(())
}

/// A function on which all happened that README's query looks for, but what a dry run tells.
async fn all_happened_on() -> Result<Layered> {
    let policies = [
        ("cut", json!({ "fault": "delay", "duration": "50ms" })),
        ("failed", json!({ "fault": "edit", "name": "/no/such/place", "value": "1" })),
        ("trapped", json!({ "fault": "return-json", "value": "{" })),
        ("refused", json!({ "fault": "block-hosts", "names": ["example.com"] })),
    ]
    .map(|(name, wish)| (name, json!({ "path": "/health", "before": [wish] })));
    let stop_when = json!({ "handler_errors": 0.5, "over": "1m", "min_invocations": 4 });
    let trial = faults::catalogues(&policies, &json!({ "max_delay": "10ms", "stop_when": stop_when }))?;
    let layered = layered::layered_after(trial, layered::python("orders")?, &[("MISRULE_FIRST_WAIT", "20s")]).await?;
    layered.get("/health").await?;
    let mut raised = 0;
    while layered.all_news().count("stopped") == 0 && raised < 200 {
        layered.function.invoke(layered::http_event("GET", "/raise")).await;
        raised += 1;
    }
    layered.deploy("garbage");
    layered.all_news().until("refused").await?;
    layered.appconfig.set_behaviour(Plane::Data, Behaviour::Refuse);
    layered.all_news().until("source_failed").await?;
    Ok(layered)
}

#[tokio::test]
async fn readmes_query_finds_all_that_it_looks_for() -> Result<()> {
    let dry_run = experimented_on(&[("MISRULE_DRY_RUN", "true")]).await?;
    let fleet = [all_happened_on().await?, dry_run];
    let lines = fleet.iter().flat_map(|layered| layered.function.output());
    let events: Vec<_> = (1_700_000_000_000..).zip(lines.map(|line| line.text)).collect();
    let query = readme::block("insights")?;
    let rows = logs_insights::query(&query, &events)?;
    let list = query.split_once('[').and_then(|(_, rest)| rest.split_once(']')).context("the query has a list")?.0;
    let kinds: Vec<String> = serde_json::from_str(&format!("[{list}]"))?;
    assert!(kinds.len() >= 10, "{kinds:?}");
    for kind in kinds {
        let row =
            rows.iter().find(|row| row["misrule"] == kind.as_str()).with_context(|| format!("no {kind}: {rows:#?}"))?;
        assert!(row["times"].as_u64() >= Some(1), "{row:?}");
    }
    let failed = rows.iter().find(|row| row["misrule"] == "fault_failed").context("it failed")?;
    assert_eq!(
        (&failed["experiment"], &failed["policy"], &failed["times"]),
        (&json!("trial"), &json!("failed"), &json!(1))
    );
    Ok(())
}
