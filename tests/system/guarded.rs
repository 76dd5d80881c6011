//! What an experiment allows is the most that happens, on a running function: budgets, the function's own errors, and
//! where it was published to.

use std::time::Duration;

use anyhow::Result;
use misrule_local::lambda::Outcome;
use misrule_tests::emulator::{self, Emulator, Instances};
use misrule_tests::layered::{self, Layered, PLACE, free_port, http_event, local_appconfig};
use misrule_tests::publishing::experiment_within;
use serde_json::{Value, json};

use crate::faults::{self, catalogue, catalogue_within};

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

/// A fault on one path that may hit one invocation in each environment, found by the first event of each start.
async fn once(fault: &str) -> Result<Layered> {
    let bounds = json!({ "budget": { "per_environment": 1 } });
    let settings = json!({ "path": "/hit", "before": [{ "fault": fault }] });
    // What hangs takes all of it; half of it is what the first event may wait.
    let function = layered::python("orders")?.timeout(Duration::from_secs(16));
    layered::layered_after(catalogue_within(&bounds, &settings)?, function, &[("MISRULE_FIRST_WAIT", "8s")]).await
}

#[tokio::test]
async fn a_budget_holds_though_what_it_pays_for_restarts_the_layer() -> Result<()> {
    for fault in ["crash", "hang"] {
        let layered = once(fault).await?;
        let layer = layered.process_id()?;
        let hit = layered.function.invoke(http_event("GET", "/hit")).await.outcome;
        let ended = match &hit {
            Outcome::TimedOut(_) => "hang",
            hit => hit.error().filter(|error| error.error_type == "Runtime.ExitError").map_or("", |_| "crash"),
        };
        assert_eq!(ended, fault, "{hit:?}\n{}", layered.everything());
        for _ in 0..3 {
            assert_eq!(layered.get("/hit").await?.0, 200, "{fault}: {}", layered.everything());
        }
        assert_ne!(layered.process_id()?, layer, "{fault}: the layer was started again");
        let told = layered.all_news();
        let refused = told.quietly_until("a refusal", |line| line["misrule"] == "refused_step").await?;
        assert_eq!(refused["reason"], "the experiment's budget for this environment is spent", "{fault}");
        assert_eq!(told.count("injected"), 1, "{fault}");
    }
    Ok(())
}

#[tokio::test]
async fn under_lambdas_own_control_program_a_budget_holds_after_a_crash() -> Result<()> {
    let test = "guarded::under_lambdas_own_control_program_a_budget_holds_after_a_crash";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let (appconfig, place) = local_appconfig().await?;
    let bounds = json!({ "budget": { "per_environment": 1 } });
    let settings = json!({ "path": "/hit", "before": [{ "fault": "crash" }] });
    appconfig.deploy(&place, "application/octet-stream", catalogue_within(&bounds, &settings)?);
    // The emulator's /tmp is this machine's: other functions have it too.
    let (opt, tmp) = (emulator::layer()?, tempfile::tempdir()?);
    let builder = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", free_port()?.to_string());
    let builder = builder.env("MISRULE_LOCAL", "true").env("TMPDIR", tmp.path().to_string_lossy());
    let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{PLACE}")).env("MISRULE_FIRST_WAIT", "20s");
    let emulator = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?;
    let crashed = emulator.invoke(&http_event("GET", "/hit")).await?;
    assert!(crashed.body.contains("Runtime.ExitError"), "{crashed:?}\n{}", emulator.last_words());
    for _ in 0..2 {
        let served = emulator.invoke(&http_event("GET", "/hit")).await?;
        assert_eq!((served.status, served.error_type), (200, None), "{}", emulator.last_words());
    }
    Ok(())
}

#[tokio::test]
async fn errors_of_invocations_that_it_touched_do_not_stop_it() -> Result<()> {
    let bounds = json!({ "stop_when": { "handler_errors": 0.3, "over": "1m", "min_invocations": 4 } });
    // In a dry run nothing is touched, and what comes after the handler cannot be why it failed.
    for (hook, dry_run, stops) in [("before", "false", false), ("before", "true", true), ("after", "false", true)] {
        let variables = [("MISRULE_DRY_RUN", dry_run)];
        let settings = json!({ "path": "/raise/*", hook: [{ "fault": "delay", "duration": "1ms" }] });
        let experiment = catalogue_within(&bounds, &settings)?;
        let layered = layered::layered_after(experiment, layered::python("orders")?, &variables).await?;
        layered.until_line("armed").await;
        for _ in 0..30 {
            let raised = layered.function.invoke(http_event("GET", "/raise/slow")).await.outcome;
            assert!(raised.error().is_some(), "{raised:?}");
        }
        let stopped = |layered: &Layered| layered.log().iter().any(|line| line["misrule"] == "stopped");
        assert_eq!(stopped(&layered), stops, "{hook}, dry run {dry_run}: {}", layered.everything());
        for _ in 0..30 {
            layered.function.invoke(http_event("GET", "/raise")).await;
        }
        assert!(stopped(&layered), "these are the function's own: {}", layered.everything());
    }
    Ok(())
}

#[tokio::test]
async fn what_would_hit_other_invocations_is_refused_where_they_share_the_environment() -> Result<()> {
    let function = layered::python("orders")?.managed_instances(2);
    let layered = faults::armed(function, &json!({}), &[("MISRULE_BLOCK_HOSTS", "true")]).await?;
    for fault in ["crash", "hang", "fill-disk", "hold-memory", "burn-cpu", "block-hosts"] {
        let wish = json!({ "fault": fault, "number": 1, "duration": "1ms", "names": ["shop.test"] });
        layered.deliver(catalogue(&json!({ "path": "/hit", "before": [wish] }))?);
        layered.news().until("armed").await?;
        let news = layered.news();
        assert_eq!(layered.get("/hit").await?.0, 200, "{fault}: {}", layered.everything());
        let refused = news.quietly_until(fault, |line| line["misrule"] == "refused_step").await?;
        assert_eq!(
            (&refused["fault"], &refused["reason"]),
            (&json!(fault), &json!("other invocations share the environment"))
        );
        assert_eq!(news.count("injected"), 0, "{fault}");
    }
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
