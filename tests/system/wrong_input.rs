//! Whatever is wrong with what the layer is given, one message names it, and the function runs on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::appconfig::{Behaviour, Plane};
use misrule_tests::layered::{self, Layered, PLACE};
use misrule_tests::publishing::{bundle, experiment, now};
use serde_json::{Value, json};

/// The eight bytes of a component that imports and exports nothing.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// Those of a core module.
const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// What is wrong, what is delivered, and what the one line says of it.
type Case = (&'static str, Vec<u8>, &'static str);

fn outage() -> String {
    with_settings(&json!({ "paths": ["/health"], "status": 404 }))
}

fn with_settings(settings: &Value) -> String {
    experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]))
}

/// The outage with this value in this place.
fn with(pointer: &str, field: &str, value: Value) -> Result<Vec<u8>> {
    let mut experiment: Value = serde_json::from_str(&outage())?;
    experiment.pointer_mut(pointer).context("no such place")?[field] = value;
    Ok(experiment.to_string().into_bytes())
}

fn with_module(component: &[u8]) -> Result<Vec<u8>> {
    let policies = json!([{ "module": "odd.wasm", "settings": {} }]);
    bundle(&experiment("odd", &policies), &[("odd.wasm", component)], None)
}

/// An instant so many days from now.
fn in_days(days: u64) -> Value {
    now().plus(Duration::from_secs(days * 24 * 3600)).to_string().into()
}

fn experiments() -> Result<Vec<Case>> {
    Ok(vec![
        (
            "an unknown policy",
            with("/policy/0", "use", json!("path-outrage"))?,
            "policy `path-outrage`: this layer has no ready-made policy `path-outrage`",
        ),
        (
            "a setting of the wrong type",
            with_settings(&json!({ "paths": ["/health"], "status": "404" })).into(),
            "policy `path-outage`: it refuses its settings: `status`: expected",
        ),
        (
            "an unknown setting",
            with_settings(&json!({ "paths": ["/health"], "satus": 404 })).into(),
            "policy `path-outage`: it refuses its settings: unknown setting `satus`; known: ",
        ),
        (
            "an experiment without an end",
            json!({ "name": "outage", "blast_radius": { "functions": ["*"] }, "policy": [{ "use": "path-outage" }] })
                .to_string()
                .into(),
            "the experiment cannot be read: `expires` is missing",
        ),
        (
            "an end that is too far away",
            with("", "expires", in_days(8))?,
            "experiment `outage`: `expires` makes the experiment longer than 7 days",
        ),
        (
            "an end in the past",
            with("", "expires", json!("2020-01-01T00:00:00Z"))?,
            "experiment `outage`: `expires` was 2020-01-01T00:00:00Z: the experiment is over",
        ),
        ("an unknown field", with("", "blast_radios", json!({}))?, "`blast_radios`: unknown field `blast_radios`"),
    ])
}

fn fields_of_the_blast_radius() -> Result<Vec<Case>> {
    Ok(vec![
        (
            "a budget",
            with("/blast_radius", "budget", json!({ "per_minute": 0 }))?,
            "`blast_radius.budget.per_minute`: invalid value: integer `0`, expected a whole number from 1 on",
        ),
        (
            "a condition to stop",
            with("/blast_radius", "stop_when", json!({ "over": "1m" }))?,
            "`blast_radius.stop_when.handler_errors` is missing",
        ),
        (
            "accounts",
            with("/blast_radius", "accounts", json!(["1234"]))?,
            "`blast_radius.accounts[0]` is no account: `1234`",
        ),
    ])
}

fn components_and_bundles() -> Result<Vec<Case>> {
    let whole = with_module(EMPTY_COMPONENT)?;
    let half = whole[..whole.len() / 2].to_vec();
    Ok(vec![
        (
            "a component of another world",
            with_module(EMPTY_COMPONENT)?,
            "policy `odd`: it has no `configure`: not a component of the world misrule:policy/policy",
        ),
        (
            "a core module",
            with_module(EMPTY_MODULE)?,
            "policy `odd`: a core WebAssembly module, not a component (`misrule build` makes one)",
        ),
        ("no WebAssembly", with_module(b"#!/bin/sh")?, "policy `odd`: not WebAssembly"),
        ("half a bundle", half, "the bundle is cut short"),
        (
            "a module in JSON",
            experiment("odd", &json!([{ "module": "odd.wasm" }])).into(),
            "policy `odd` uses the module `odd.wasm`, which plain JSON cannot carry",
        ),
        ("half a JSON text", outage().as_bytes()[..40].to_vec(), "no valid JSON: "),
        ("another text", b"outage = true".to_vec(), "the delivery is neither a JSON object nor a bundle"),
        (
            "almost a halt",
            br#"{"halt": "yes"}"#.to_vec(),
            "the delivery says `halt`, but is not exactly `{\"halt\": true}`",
        ),
    ])
}

#[tokio::test]
async fn a_wrong_experiment_is_refused_by_name() -> Result<()> {
    are_refused(experiments()?).await
}

#[tokio::test]
async fn a_field_of_a_later_version_is_refused_by_name() -> Result<()> {
    are_refused(fields_of_the_blast_radius()?).await
}

#[tokio::test]
async fn a_wrong_component_or_bundle_is_refused_by_name() -> Result<()> {
    are_refused(components_and_bundles()?).await
}

async fn are_refused(cases: Vec<Case>) -> Result<()> {
    for (name, content, expected) in cases {
        let layered = layered::layered_after(content, layered::rust("orders")?, &[]).await?;
        let refused = says(&layered, name, "refused", expected).await?;
        assert_eq!(refused["source"], format!("appconfig:{PLACE}"), "{name}");
        assert_eq!(layered.news().count("armed"), 0, "{name}");
    }
    Ok(())
}

/// Waits for a line of this kind. It must be the only complaint, say this, and the function must answer for itself.
async fn says(layered: &Layered, name: &str, kind: &str, expected: &str) -> Result<Value> {
    let line = layered.all_news().until(kind).await?;
    let reason = line["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(expected), "{name}: {reason:?} does not say {expected:?}");
    assert_eq!(layered.get("/health").await?.0, 200, "{name}: the function runs on");
    let complaints = layered.log().into_iter().filter(|line| line["level"] == "warn" || line["level"] == "error");
    let others: Vec<_> = complaints.filter(|complaint| *complaint != line).collect();
    assert!(others.is_empty(), "{name}: one message is enough: {others:?}");
    Ok(line)
}

/// A wrong variable, its value, and what the one line says of it.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("MISRULE_PORT", "many", "MISRULE_PORT is `many`, which is no port"),
    ("MISRULE_DISABLED", "perhaps", "MISRULE_DISABLED is `perhaps`, which is neither true nor false"),
    ("MISRULE_DISABELD", "true", "MISRULE_DISABELD is no variable of this layer"),
    ("MISRULE_DRY_RUN", "on", "MISRULE_DRY_RUN is `on`, which is neither true nor false"),
    ("MISRULE_SHARE", "20%", "MISRULE_SHARE is `20%`, which is no share from 0 to 1"),
    ("MISRULE_FIRST_WAIT", "250", "MISRULE_FIRST_WAIT is `250`, which is no duration"),
    ("MISRULE_REFRESH_WAIT", "2m", "MISRULE_REFRESH_WAIT is `2m`, which is longer than an invocation may wait"),
    ("MISRULE_SOURCE", "s3:bucket", "MISRULE_SOURCE is `s3:bucket`, which is no kind of source that this layer has"),
    ("MISRULE_SOURCE", "appconfig:shop", "MISRULE_SOURCE is `appconfig:shop`, which names no application"),
    ("MISRULE_PUBLIC_KEY", "", "MISRULE_PUBLIC_KEY holds no public key"),
    ("MISRULE_PUBLIC_KEY", "secret", "MISRULE_PUBLIC_KEY holds what is no Ed25519 public key"),
    ("MISRULE_RECORD", "true", "MISRULE_RECORD is `true`, which this version of the layer does not do"),
    ("MISRULE_LOG", "misrule=loud", "MISRULE_LOG is `misrule=loud`, which is no log filter"),
];

#[tokio::test]
async fn a_wrong_variable_is_named_and_nothing_arms() -> Result<()> {
    for (variable, value, expected) in VARIABLES {
        let layered = layered::layered_after(outage(), layered::rust("orders")?, &[(variable, value)]).await?;
        let line = says(&layered, variable, "setting_wrong", expected).await?;
        assert_eq!(line["variable"], *variable);
        assert!(line["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{line}");
        let told = layered.until_line("pass_through").await;
        assert_eq!(told["reason"], "a setting is wrong, so nothing arms", "{variable}");
        assert_eq!(layered.appconfig.calls("StartConfigurationSession"), 0, "{variable}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_the_function_could_write_is_no_source() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("outage.json");
    std::fs::write(&file, outage())?;
    let source = format!("file:{}", file.display());
    let variables = [("MISRULE_SOURCE", source.as_str()), ("MISRULE_LOCAL", "false")];
    let layered = layered::layered_with(layered::rust("orders")?, &variables).await?;
    says(
        &layered,
        "a file",
        "setting_wrong",
        &format!("MISRULE_SOURCE is `{source}`, which the function itself could write"),
    )
    .await
    .map(drop)
}

#[tokio::test]
async fn a_file_that_is_missing_is_named_and_followed_once_it_is_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("outage.json");
    let source = format!("file:{}", file.display());
    let layered = layered::layered_with(layered::rust("orders")?, &[("MISRULE_SOURCE", &source)]).await?;
    let line = says(&layered, "a missing file", "nothing_deployed", "outage.json` is absent or empty").await?;
    assert_eq!(line["source"], source);
    let news = layered.news();
    std::fs::write(&file, outage())?;
    news.until("armed").await?;
    assert_eq!(layered.get("/health").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_profile_that_is_missing_is_named() -> Result<()> {
    let variables = [("MISRULE_SOURCE", "appconfig:shop/prod/fault")];
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &variables).await?;
    let line = says(&layered, "a profile", "nothing_deployed", "ConfigurationProfile").await?;
    assert_eq!(line["source"], "appconfig:shop/prod/fault");
    Ok(())
}

#[tokio::test]
async fn an_unreachable_source_is_named() -> Result<()> {
    let nobody = format!("http://127.0.0.1:{}", layered::free_port()?);
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[("AWS_ENDPOINT_URL", &nobody)]).await?;
    let expected = "`appconfig:StartConfigurationSession` got no answer: ";
    let line = says(&layered, "nobody listens", "source_failed", expected).await?;
    assert_eq!(line["source"], format!("appconfig:{PLACE}"));
    assert!(line["reason"].as_str().unwrap().contains("onnection refused"), "the system's own words: {line}");
    assert!(line["retry_ms"].as_u64().is_some_and(|pause| pause >= 500), "{line}");
    assert!(line["hint"].as_str().unwrap().contains("VPC"), "{line}");
    Ok(())
}

#[tokio::test]
async fn missing_credentials_are_named() -> Result<()> {
    let variables = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &variables).await?;
    let expected = "there are no AWS credentials to call `appconfig:StartConfigurationSession` with";
    let line = says(&layered, "no credentials", "source_failed", expected).await?;
    assert!(line["hint"].as_str().unwrap().contains("the function's role"), "{line}");
    Ok(())
}

#[tokio::test]
async fn a_denied_action_and_its_resource_are_named() -> Result<()> {
    let (appconfig, place) = layered::local_appconfig().await?;
    appconfig.deploy(&place, "application/json", outage());
    appconfig.set_behaviour(Plane::Data, Behaviour::Status(403));
    let layered = layered::layered_beside(appconfig, place, layered::rust("orders")?, &[]).await?;
    let resource = "arn:aws:appconfig:us-east-1:*:application/shop/environment/prod/configuration/faults";
    let expected = format!("`appconfig:StartConfigurationSession` on `{resource}` is denied");
    says(&layered, "403", "source_failed", &expected).await.map(drop)
}

#[tokio::test]
async fn on_a_port_in_use_the_function_runs_directly() -> Result<()> {
    let port = a_strangers_port()?.to_string();
    let layered = layered::layered_after(outage(), layered::rust("orders")?, &[("MISRULE_PORT", &port)]).await?;
    let expected = format!("port {port} cannot be listened on: ");
    let line = says(&layered, "a port in use", "failed", &expected).await?;
    assert_eq!(line["hint"], "nothing is injected; give another port in MISRULE_PORT");
    let told = format!("misrule-wrapper: the runtime runs without Misrule: something else answers on 127.0.0.1:{port}");
    let wrappers =
        layered.function.until_output(|line| line.text.starts_with("misrule-wrapper").then(|| line.text.clone()));
    assert_eq!(tokio::time::timeout(layered::PATIENCE, wrappers).await?, told);
    assert_eq!(layered.get("/orders/7").await?.0, 200, "the function goes on");
    assert!(layered.process_id().is_ok(), "the layer stays alive: its end would end the environment");
    Ok(())
}

/// A port where somebody else answers, for as long as the tests run.
fn a_strangers_port() -> Result<u16> {
    let stranger = TcpListener::bind("127.0.0.1:0")?;
    let port = stranger.local_addr()?.port();
    std::thread::spawn(move || {
        for connection in stranger.incoming() {
            let Ok(mut connection) = connection else { return };
            let answered = connection.read(&mut [0; 1024]);
            drop(answered.and_then(|_| connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")));
        }
    });
    Ok(port)
}
