//! What is published is enforced on the very next invocations of a running function, and only for as long as it may be.

use std::time::Duration;

use anyhow::Result;
use misrule_engine::digest::Digest;
use misrule_local::appconfig::{Behaviour, Plane};
use misrule_local::function::FunctionBuilder;
use misrule_tests::layered::{self, Layered, PLACE, http_event};
use misrule_tests::publishing::{experiment, experiment_within, now};
use serde_json::{Value, json};

const GET: &str = "GetLatestConfiguration";
const HALT: &str = r#"{"halt": true}"#;
const HOUR: Duration = Duration::from_secs(3600);
/// Enough for an experiment to arrive and to hold an invocation back, on a machine that is busy with others too.
const SOON: Duration = Duration::from_secs(15);

/// Who may be touched: everybody.
fn everybody() -> Value {
    json!({ "functions": ["*"] })
}

fn outage_within(blast_radius: &Value) -> String {
    let settings = json!({ "paths": ["/health"], "status": 404 });
    experiment_within("outage", blast_radius, &json!([{ "use": "path-outage", "settings": settings }]))
}

fn outage() -> String {
    outage_within(&everybody())
}

/// Holds `/orders/7` back for a minute: far longer than any test waits.
fn minute(expires_in: Duration, max_age: &str) -> String {
    let settings = json!({ "paths": ["/orders/7"], "delay": "60s" });
    json!({
        "name": "minute",
        "expires": now().plus(expires_in).to_string(),
        "blast_radius": { "functions": ["*"], "max_age": max_age },
        "policy": [{ "use": "latency", "settings": settings }],
    })
    .to_string()
}

async fn status(layered: &Layered, path: &str) -> Result<u64> {
    Ok(layered.get(path).await?.0)
}

#[tokio::test]
async fn on_awss_python_client() -> Result<()> {
    follows_what_is_published(layered::python("orders")?).await
}

#[tokio::test]
async fn on_awss_rust_client() -> Result<()> {
    follows_what_is_published(layered::rust("orders")?).await
}

/// One environment through the life of experiments: nothing, new, unchanged, newer, halted.
async fn follows_what_is_published(function: FunctionBuilder) -> Result<()> {
    let layered = layered::layered(function).await?;
    nothing_is_deployed(&layered).await?;
    let outage = outage();
    a_new_one_is_enforced(&layered, &outage).await?;
    the_same_again_is_no_news(&layered, &outage).await?;
    a_newer_one_replaces_it(&layered).await?;
    a_halt_ends_it(&layered).await?;
    assert_eq!(layered.log().iter().filter(|line| line["misrule"] == "start").count(), 1, "nothing was restarted");
    Ok(())
}

async fn nothing_is_deployed(layered: &Layered) -> Result<()> {
    let told = layered.until_line("nothing_deployed").await;
    assert_eq!(told["source"], format!("appconfig:{PLACE}"));
    assert_eq!(status(layered, "/health").await?, 200);
    Ok(())
}

async fn a_new_one_is_enforced(layered: &Layered, outage: &str) -> Result<()> {
    let news = layered.news();
    layered.deploy(outage);
    let armed = news.until("armed").await?;
    assert_eq!((&armed["experiment"], &armed["unsigned"]), (&json!("outage"), &json!(true)));
    let (status, answer) = layered.get("/health").await?;
    assert_eq!((status, &answer["headers"]["x-misrule"]), (404, &json!("outage/path-outage")), "{answer}");
    assert_eq!(layered.get("/orders/7").await?.0, 200, "no other path is touched");
    Ok(())
}

async fn the_same_again_is_no_news(layered: &Layered, outage: &str) -> Result<()> {
    let (news, received) = (layered.news(), layered.appconfig.received());
    layered.deploy(outage);
    // It was handled when the client asks for what comes after it.
    let asked = layered.appconfig.calls(GET);
    layered.while_busy(layered.appconfig.until_calls(GET, asked + 2)).await?;
    assert_eq!(layered.appconfig.received(), received + 1, "the same content was received again");
    assert_eq!(news.count("armed") + news.count("disarmed"), 0, "{}", layered.everything());
    assert_eq!(status(layered, "/health").await?, 404);
    Ok(())
}

async fn a_newer_one_replaces_it(layered: &Layered) -> Result<()> {
    let news = layered.news();
    let settings = json!({ "paths": ["/health"], "delay": "700ms" });
    layered.deploy(&experiment("slow", &json!([{ "use": "latency", "settings": settings }])));
    let armed = news.until("armed").await?;
    assert_eq!(armed["experiment"], "slow");
    let invoked = layered.function.invoke(http_event("GET", "/health")).await;
    assert!(invoked.duration >= Duration::from_millis(700), "{:?}", invoked.duration);
    let answer: Value = serde_json::from_slice(&invoked.outcome.bytes().await)?;
    assert_eq!(answer["statusCode"], 200, "the handler answers, late; the outage is gone");
    Ok(())
}

async fn a_halt_ends_it(layered: &Layered) -> Result<()> {
    let news = layered.news();
    layered.deploy(HALT);
    let disarmed = news.until("disarmed").await?;
    assert_eq!((&disarmed["experiment"], &disarmed["reason"]), (&json!("slow"), &json!("it was halted")));
    assert_eq!(news.count("halted"), 1);
    let injected = news.count("injected");
    assert_eq!(status(layered, "/health").await?, 200);
    assert_eq!(news.count("injected"), injected);
    Ok(())
}

#[tokio::test]
async fn what_is_refused_disarms_and_is_told_once() -> Result<()> {
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[]).await?;
    layered.until_line("armed").await;
    assert_eq!(status(&layered, "/health").await?, 404);

    let news = layered.news();
    let bad = outage_within(&json!({ "functions": ["*"], "rate": 2 }));
    layered.deploy(&bad);
    let disarmed = news.until("disarmed").await?;
    assert_eq!(disarmed["reason"], "what was delivered after it was refused");
    assert_eq!(status(&layered, "/health").await?, 200);

    layered.deploy(&bad);
    let received = layered.appconfig.received();
    layered
        .while_busy(async {
            while layered.appconfig.received() == received {
                layered.appconfig.until_calls(GET, layered.appconfig.calls(GET) + 1).await;
            }
        })
        .await?;
    layered.deploy(HALT);
    news.until("halted").await?;
    let lines = news.lines();
    let refused: Vec<_> = lines.iter().filter(|line| line["misrule"] == "refused").collect();
    assert_eq!(refused.len(), 1, "once for each content: {refused:?}");
    let expected = "the experiment cannot be read: `blast_radius.rate` must be from 0 to 1, but is 2";
    assert_eq!(
        (&refused[0]["reason"], &refused[0]["source"]),
        (&json!(expected), &json!(format!("appconfig:{PLACE}")))
    );
    Ok(())
}

#[tokio::test]
async fn a_source_that_is_down_leaves_the_last_one_until_it_is_too_old() -> Result<()> {
    let outage = outage_within(&json!({ "functions": ["*"], "max_age": "8s" }));
    let layered = layered::layered_after(outage, layered::rust("orders")?, &[]).await?;
    layered.until_line("armed").await;

    let news = layered.news();
    layered.appconfig.set_behaviour(Plane::Data, Behaviour::Status(500));
    let failed = news.until("source_failed").await?;
    assert!(failed["reason"].as_str().unwrap().contains("`appconfig:GetLatestConfiguration` failed with status 500"));
    assert_eq!(status(&layered, "/health").await?, 404, "the last experiment stays for now");
    let stale = news.until("stale").await?;
    assert_eq!((&stale["experiment"], &stale["max_age_ms"]), (&json!("outage"), &json!(8000)));
    assert_eq!(status(&layered, "/health").await?, 200);

    layered.appconfig.set_behaviour(Plane::Data, Behaviour::Normal);
    news.until("source_recovered").await?;
    // The line is written while the answer is taken in; it counts once the client asks again.
    let asked = layered.appconfig.calls(GET);
    layered.while_busy(layered.appconfig.until_calls(GET, asked + 1)).await?;
    assert_eq!(status(&layered, "/health").await?, 404);
    assert_eq!(news.count("stale"), 1, "told once");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_only_says_what_it_would_do() -> Result<()> {
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[("MISRULE_DRY_RUN", "true")]).await?;
    layered.until_line("armed").await;
    let news = layered.news();
    assert_eq!(status(&layered, "/health").await?, 200);
    let would = news.until("would_have").await?;
    assert_eq!((&would["policy"], &would["faults"]), (&json!("path-outage"), &json!(["respond-http"])));
    layered.deploy(HALT);
    news.until("halted").await?;
    assert_eq!((news.count("would_have"), news.count("injected")), (1, 0));
    Ok(())
}

#[tokio::test]
async fn an_alias_that_is_not_meant_is_told_once_and_nothing_happens() -> Result<()> {
    let live = outage_within(&json!({ "functions": ["orders:live"] }));
    let layered = layered::layered_after(live, layered::rust("orders")?, &[]).await?;
    layered.until_line("armed").await;
    let told = layered.until_line("outside_blast_radius").await;
    assert_eq!(told["experiment"], "outage");
    assert!(told["function"].as_str().is_some_and(|arn| arn.ends_with(":function:orders")), "{told}");
    let news = layered.news();
    assert_eq!(status(&layered, "/health").await?, 200);
    layered.deploy(HALT);
    news.until("halted").await?;
    assert_eq!((news.count("outside_blast_radius"), news.count("injected")), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_disabled_layer_asks_nobody_and_does_nothing() -> Result<()> {
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[("MISRULE_DISABLED", "true")]).await?;
    let told = layered.until_line("pass_through").await;
    assert_eq!(told["reason"], "MISRULE_DISABLED is true");
    assert_eq!(status(&layered, "/health").await?, 200);
    assert_eq!(layered.appconfig.calls("StartConfigurationSession"), 0);
    Ok(())
}

#[tokio::test]
async fn with_a_key_nothing_unsigned_arms_but_a_halt_halts() -> Result<()> {
    let key = [("MISRULE_PUBLIC_KEY", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")];
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &key).await?;
    let refused = layered.until_line("refused").await;
    let only = "only what key `21fe31dfa154a261` signed may arm";
    assert_eq!(refused["reason"], format!("the experiment is plain JSON, which cannot be signed, and {only}"));
    assert_eq!(status(&layered, "/health").await?, 200);
    let news = layered.news();
    layered.deploy(HALT);
    news.until("halted").await?;
    assert_eq!(layered.log().iter().filter(|line| line["misrule"] == "armed").count(), 0);
    Ok(())
}

/// A function whose invocation of `/orders/7` is being held back by an experiment that ends so long after the function was
/// there, and that invocation.
async fn held_back(expires_in: Duration, max_age: &str) -> Result<(Layered, tokio::task::JoinHandle<Result<Value>>)> {
    let function = layered::rust("orders")?.timeout(Duration::from_secs(90));
    let layered = layered::layered(function).await?;
    layered.deploy(&minute(expires_in, max_age));
    layered.until_line("armed").await;
    let (news, function) = (layered.news(), layered.function.clone());
    let held = tokio::spawn(async move {
        let answer = function.invoke(http_event("GET", "/orders/7")).await.outcome.bytes().await;
        Ok(serde_json::from_slice(&answer)?)
    });
    news.quietly_until("the delay", |line| line["misrule"] == "injected").await?;
    Ok((layered, held))
}

/// Waits until the delay has ended for this reason, and the handler's own answer has come.
async fn lets_go(layered: &Layered, held: tokio::task::JoinHandle<Result<Value>>, reason: &str) -> Result<()> {
    let ended = layered.all_news().quietly_until("its end", |line| line["misrule"] == "fault_ended").await?;
    assert_eq!(
        (&ended["reason"], &ended["fault"], &ended["policy"]),
        (&json!(reason), &json!("delay"), &json!("latency"))
    );
    let answer = tokio::time::timeout(layered::PATIENCE, held).await???;
    assert_eq!(answer["statusCode"], 200, "the handler answers once it is let go: {answer}");
    Ok(())
}

#[tokio::test]
async fn a_delay_under_way_ends_with_a_halt() -> Result<()> {
    let (layered, held) = held_back(HOUR, "5m").await?;
    assert!(!held.is_finished(), "it is held back");
    layered.deploy(HALT);
    lets_go(&layered, held, "it was halted").await
}

#[tokio::test]
async fn a_delay_under_way_ends_when_its_experiment_expires() -> Result<()> {
    let (layered, held) = held_back(SOON, "5m").await?;
    assert!(!held.is_finished(), "it is held back");
    lets_go(&layered, held, "it expired").await?;
    let told = layered.until_line("disarmed").await;
    assert_eq!(told["reason"], "it expired");
    assert_eq!(layered.get("/orders/7").await?.0, 200, "nothing holds the next one back");
    Ok(())
}

#[tokio::test]
async fn a_delay_under_way_ends_when_its_experiment_is_too_old() -> Result<()> {
    let (layered, held) = held_back(HOUR, "8s").await?;
    layered.appconfig.set_behaviour(Plane::Data, Behaviour::Refuse);
    lets_go(&layered, held, "the last successful refresh is older than its max_age").await
}

#[tokio::test]
async fn each_injection_writes_what_a_replay_needs() -> Result<()> {
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[]).await?;
    let armed = layered.until_line("armed").await;
    let news = layered.news();
    let invoked = layered.function.invoke(http_event("GET", "/health")).await;
    let line = news.until("injected").await?;
    let digest = Digest::of(misrule_policies::component("path-outage").unwrap());
    for (field, expected) in [
        ("request_id", json!(invoked.request_id)),
        ("experiment", json!("outage")),
        ("version", armed["version"].clone()),
        ("policy", json!("path-outage")),
        ("policy_digest", json!(digest.to_string())),
        ("hook", json!("before")),
        ("faults", json!(["respond-http"])),
    ] {
        assert_eq!(line[field], expected, "{field} in {line}");
    }
    let seed = line["seed"].as_str().unwrap();
    assert!(seed.len() >= 16 && seed.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    assert!(line["decision_us"].is_u64(), "{line}");
    for secret in ["/health", "404", "lambda-url"] {
        assert!(!line.to_string().contains(&format!("\"{secret}")), "no settings or header values: {line}");
    }
    assert_eq!(armed["policies"], json!([{ "policy": "path-outage", "policy_digest": digest.to_string() }]));
    Ok(())
}
