//! What an experiment allows is the most that happens, on a running function: budgets, the function's own errors, and
//! where it was published to.

use anyhow::Result;
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::publishing::experiment_within;
use serde_json::{Value, json};

/// An outage of one path, within this blast radius.
fn outage(blast_radius: &Value) -> Value {
    let settings = json!({ "paths": ["/health"], "status": 404 });
    let policies = json!([{ "use": "path-outage", "settings": settings }]);
    serde_json::from_str(&experiment_within("outage", blast_radius, &policies)).unwrap_or_default()
}

async fn armed(experiment: &Value) -> Result<Layered> {
    let layered = layered::layered(layered::python("orders")?).await?;
    let news = layered.news();
    layered.deploy(&experiment.to_string());
    news.until("armed").await?;
    Ok(layered)
}

/// The statuses of so many calls, one after the other.
async fn statuses(layered: &Layered, calls: usize) -> Result<Vec<u64>> {
    let mut statuses = Vec::new();
    for _ in 0..calls {
        statuses.push(layered.get("/health").await?.0);
    }
    Ok(statuses)
}

#[tokio::test]
async fn a_budget_is_never_exceeded() -> Result<()> {
    let experiment = outage(&json!({ "functions": ["*"], "budget": { "per_environment": 3 } }));
    let layered = armed(&experiment).await?;
    assert_eq!(statuses(&layered, 5).await?, [404, 404, 404, 200, 200]);
    let refused = layered.until_line("refused_step").await;
    assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains("budget")), "{refused}");
    Ok(())
}

#[tokio::test]
async fn it_stops_where_the_functions_own_handler_fails() -> Result<()> {
    let stop_when = json!({ "handler_errors": 0.5, "over": "1m", "min_invocations": 4 });
    let layered = armed(&outage(&json!({ "functions": ["*"], "stop_when": stop_when }))).await?;
    assert_eq!(statuses(&layered, 6).await?, [404; 6], "faults of ours are no errors of the handler's");
    let news = layered.news();
    let mut failed = 0;
    while news.count("stopped") == 0 && failed < 200 {
        layered.function.invoke(http_event("GET", "/raise")).await;
        failed += 1;
    }
    let stopped = news.quietly_until("stopped", |line| line["misrule"] == "stopped").await?;
    assert!(stopped["errors"].as_u64() >= Some(2) && stopped["invocations"].as_u64() >= Some(4), "{stopped}");
    assert_eq!(statuses(&layered, 2).await?, [200; 2]);
    Ok(())
}

#[tokio::test]
async fn what_was_published_elsewhere_does_not_arm() -> Result<()> {
    let layered = layered::layered(layered::python("orders")?).await?;
    for (published_to, what) in [
        (json!({ "regions": ["eu-west-3"] }), "eu-west-3"),
        (json!({ "environments": ["staging"] }), "staging"),
        (json!({ "accounts": ["999999999999"] }), "999999999999"),
    ] {
        let mut elsewhere = outage(&json!({ "functions": ["*"] }));
        elsewhere["published_to"] = published_to;
        let news = layered.news();
        layered.deploy(&elsewhere.to_string());
        let refused = news.until("refused").await?;
        assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains(what)), "{refused}");
        assert_eq!(statuses(&layered, 1).await?, [200]);
    }
    Ok(())
}
