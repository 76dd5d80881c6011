//! `misrule report` on the very log of a function with the layer on it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::publishing::{experiment, experiment_within, misrule};
use serde_json::{Value, json};
use tempfile::TempDir;

const HALT: &str = r#"{"halt": true}"#;

/// Longer than any delay here: none is cut.
const PATIENT: Duration = Duration::from_secs(90);

/// The first invocation waits for the first experiment.
const WAITS: &[(&str, &str)] = &[("MISRULE_FIRST_WAIT", "20s")];

/// What CloudWatch would hold of a function: what its processes wrote, and Lambda's own lines about invocations.
struct Log {
    layered: Layered,
    taken: usize,
    lines: Vec<String>,
}

impl Log {
    async fn of(content: String) -> Result<Self> {
        let layered = layered::layered_after(content, layered::rust("orders")?.timeout(PATIENT), WAITS).await?;
        layered.all_news().quietly_until("the layer's start", |line| line["misrule"] == "start").await?;
        let mut log = Self { layered, taken: 0, lines: Vec::new() };
        log.take();
        Ok(log)
    }

    /// Invokes the function, and takes in what was written meanwhile.
    async fn get(&mut self, path: &str) -> String {
        let invoked = self.layered.function.invoke(http_event("GET", path)).await;
        self.lines.push(format!("START RequestId: {} Version: $LATEST", invoked.request_id));
        self.take();
        invoked.request_id
    }

    /// The same where a fault is expected: its line is waited for.
    async fn get_faulty(&mut self, path: &str) -> Result<()> {
        let id = self.get(path).await;
        let ours = |line: &Value| line["misrule"] == "injected" && line["request_id"] == id.as_str();
        self.layered.all_news().quietly_until("the fault's line", ours).await?;
        self.take();
        Ok(())
    }

    /// Invokes the function until a line of this kind was written.
    async fn get_until(&mut self, path: &str, kind: &str) -> Result<()> {
        let written = async {
            while self.before(kind).is_none() {
                self.get(path).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(layered::PATIENCE, written).await.context("waited for a line")
    }

    fn take(&mut self) {
        let output = self.layered.function.output();
        self.lines.extend(output.iter().skip(self.taken).map(|line| line.text.clone()));
        self.taken = output.len();
    }

    /// Invocations that started before the first line of this kind.
    fn before(&self, kind: &str) -> Option<usize> {
        let first = self.lines.iter().position(|line| line.contains(&format!(r#""misrule":"{kind}""#)))?;
        Some(self.lines[..first].iter().filter(|line| line.starts_with("START ")).count())
    }

    /// The log as `aws logs filter-log-events` gives it.
    fn as_events(&self) -> String {
        let event =
            |line: &String| json!({ "logStreamName": "2026/12/01/[$LATEST]aa", "timestamp": 1, "message": line });
        json!({ "events": self.lines.iter().map(event).collect::<Vec<_>>(), "searchedLogStreams": [] }).to_string()
    }
}

/// Runs the report on this; what it says, and its success.
async fn report(log: &str, more: &[&str]) -> Result<String> {
    let folder = TempDir::new()?;
    std::fs::write(folder.path().join("function.log"), log)?;
    let output = misrule(&[&["report", "function.log"], more].concat(), folder.path()).await?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

async fn report_as_data(log: &str) -> Result<Value> {
    Ok(serde_json::from_str(&report(log, &["--json"]).await?)?)
}

fn path_outage() -> Value {
    json!([{ "use": "path-outage", "settings": { "paths": ["/health"], "status": 404 } }])
}

#[tokio::test]
async fn what_was_injected_is_counted_until_it_was_halted() -> Result<()> {
    let mut log = Log::of(experiment("outage", &path_outage())).await?;
    for path in ["/health", "/health", "/health"] {
        log.get_faulty(path).await?;
    }
    log.get("/orders/7").await;
    log.layered.deploy(HALT);
    log.get_until("/orders/7", "disarmed").await?;
    log.get("/health").await;

    let invocations = log.before("disarmed").context("it was disarmed")?;
    for text in [log.lines.join("\n"), log.as_events()] {
        let said = report_as_data(&text).await?;
        let outage = &said["experiments"][0];
        assert_eq!((&outage["experiment"], &outage["armed_in"]), (&json!("outage"), &json!(1)), "{said:#}");
        assert_eq!((&outage["invocations"], &outage["touched"]), (&json!(invocations), &json!(3)), "{said:#}");
        assert_eq!(outage["ends"], json!({ "it was halted": 1 }));
        let policy = &outage["policies"][0];
        assert_eq!((&policy["policy"], &policy["acted"]), (&json!("path-outage"), &json!(3)));
        assert_eq!((&said["findings"], &said["read"]["bad"]), (&json!([]), &json!(0)), "{said:#}");
    }
    let page = report(&log.lines.join("\n"), &[]).await?;
    assert!(page.starts_with("outage, version "), "{page}");
    assert!(page.contains(&format!("touched 3 of {invocations} invocations")), "{page}");
    Ok(())
}

#[tokio::test]
async fn delays_are_added_up() -> Result<()> {
    let settings = json!({ "paths": ["/health"], "delay": "200ms" });
    let mut log = Log::of(experiment("slow", &json!([{ "use": "latency", "settings": settings }]))).await?;
    log.get_faulty("/health").await?;
    log.get_faulty("/health").await?;
    let said = report_as_data(&log.lines.join("\n")).await?;
    let delay = json!({ "count": 2, "total_ms": 400, "median_ms": 200, "p99_ms": 200, "max_ms": 200 });
    assert_eq!(said["experiments"][0]["policies"][0]["delay"], delay, "{said:#}");
    Ok(())
}

#[tokio::test]
async fn a_delay_that_a_halt_ended_counts_with_what_it_took() -> Result<()> {
    let settings = json!({ "paths": ["/health"], "delay": "25s" });
    let mut log = Log::of(experiment("slow", &json!([{ "use": "latency", "settings": settings }]))).await?;
    let function = log.layered.function.clone();
    let held = tokio::spawn(async move { function.invoke(http_event("GET", "/health")).await.request_id });
    log.layered.all_news().quietly_until("the delay", |line| line["misrule"] == "injected").await?;
    log.layered.deploy(HALT);
    log.layered.all_news().quietly_until("its end", |line| line["misrule"] == "fault_ended").await?;
    held.await?;
    log.take();
    let said = report_as_data(&log.lines.join("\n")).await?;
    let policy = &said["experiments"][0]["policies"][0];
    assert_eq!((&policy["acted"], &policy["ended"]), (&json!(1), &json!(1)), "{said:#}");
    let took = policy["delay"]["total_ms"].as_u64().context("it was held back for a while")?;
    assert!((1..25_000).contains(&took), "{said:#}");
    assert_eq!(policy["reasons"], json!({ "`delay` ended early: it was halted": 1 }));
    Ok(())
}

#[tokio::test]
async fn an_experiment_that_no_invocation_matches_is_called_idle() -> Result<()> {
    let mut log = Log::of(experiment("outage", &path_outage())).await?;
    log.get_until("/orders/7", "armed").await?;
    let first = log.before("armed").context("it was armed")?;
    log.get("/orders/7").await;
    log.get("/orders/7").await;
    // The invocation before is one of them where it waited for the experiment.
    let waited = log.lines.iter().any(|line| line.contains(r#""misrule":"armed""#) && line.contains(r#""waiting":1"#));
    let counted = log.lines.iter().filter(|line| line.starts_with("START ")).count() - first + usize::from(waited);
    let page = report(&log.lines.join("\n"), &[]).await?;
    assert!(page.starts_with("ARMED, BUT NOTHING WAS INJECTED: `outage`, version "), "{page}");
    let cause =
        format!("likely because: {counted} invocations started while it was armed, and no policy asked for a fault");
    assert!(page.contains(&cause), "{cause} in:\n{page}");
    Ok(())
}

#[tokio::test]
async fn an_experiment_for_others_is_called_never_armed() -> Result<()> {
    let elsewhere = json!({ "functions": ["other-*"] });
    let mut log = Log::of(experiment_within("outage", &elsewhere, &path_outage())).await?;
    log.get_until("/health", "outside_blast_radius").await?;
    let page = report(&log.lines.join("\n"), &[]).await?;
    assert!(page.starts_with("NEVER ARMED: "), "{page}");
    assert!(
        page.contains("likely because: function `orders` in us-east-1 is outside the blast radius of `outage`"),
        "{page}"
    );
    Ok(())
}

#[tokio::test]
async fn an_alias_that_the_function_was_not_called_by_is_named() -> Result<()> {
    let live = json!({ "functions": ["orders:live"] });
    let mut log = Log::of(experiment_within("outage", &live, &path_outage())).await?;
    log.get_until("/health", "outside_blast_radius").await?;
    let page = report(&log.lines.join("\n"), &[]).await?;
    assert!(page.starts_with("ARMED, BUT NOTHING WAS INJECTED: `outage`, version "), "{page}");
    let cause = "  likely because: called as `arn:aws:lambda:us-east-1:012345678912:function:orders`, the function is outside its blast radius";
    assert!(page.contains(cause) && !page.contains("no policy asked"), "{page}");
    Ok(())
}
