//! The layer under Lambda's own control program.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_tests::emulator::{self, Emulator, Ended, Instances, Namespace};
use misrule_tests::layered::{PATIENCE, PLACE, free_port, http_event, local_appconfig};
use misrule_tests::publishing::experiment;
use misrule_tests::{programs, skipped};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

const EXTENSION: &str = "/opt/extensions/misrule";

/// What the handler, or a fault before it, answers to this path.
async fn answer(emulator: &Emulator, path: &str) -> Result<Value> {
    let answer = emulator.invoke(&http_event("GET", path)).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).with_context(|| answer.body)
}

/// The line of the layer's log of this kind.
async fn told(emulator: &Emulator, kind: &str) -> Result<Value> {
    let start = format!("{{\"misrule\":\"{kind}\"");
    Ok(serde_json::from_str(&emulator.log().until(kind, |line| line.starts_with(&start)).await?)?)
}

/// Waits for a line of this kind, with an invocation every 50 ms: without any the layer does not look for news.
async fn told_while_busy(emulator: &Emulator, kind: &str) -> Result<Value> {
    let start = format!("{{\"misrule\":\"{kind}\"");
    let busy = async {
        while !emulator.log().lines().iter().any(|line| line.starts_with(&start)) {
            answer(emulator, "/ping").await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        told(emulator, kind).await
    };
    tokio::time::timeout(PATIENCE, busy).await.with_context(|| emulator.last_words())?
}

fn position(lines: &[String], part: &str) -> usize {
    let found = lines.iter().position(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("no {part:?} in {}", lines.join("\n")))
}

#[tokio::test]
async fn it_is_there_before_the_runtime_and_carries_its_traffic() -> Result<()> {
    let Some(namespace) = on_demand("it_is_there_before_the_runtime_and_carries_its_traffic").await else {
        return Ok(());
    };
    let (opt, port) = (emulator::layer()?, free_port()?.to_string());
    let emulator = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", &port).start().await?;
    let answered = answer(&emulator, "/orders/7").await?;
    assert_eq!(answered["runtime_api"], format!("127.0.0.1:{port}"));
    let lines = emulator.shut_down().await?.lines;
    let registered = position(&lines, "External agent misrule");
    assert!(lines[registered].ends_with("subscribed to [SHUTDOWN]"), "{}", lines[registered]);
    // The emulator starts the runtime on a registration that it may not have told of yet: the two lines race by microseconds.
    let asked = position(&lines, "/runtime/invocation/next");
    assert!(registered < asked && position(&lines, "Start runtime") < asked, "{}", lines.join("\n"));
    // The wrapper would say so where nobody had listened when it asked.
    assert!(!lines.iter().any(|line| line.starts_with("misrule-wrapper")), "{}", lines.join("\n"));
    Ok(())
}

/// A layer whose program is started by a script, which then does this.
fn with_parent(then: &str) -> Result<TempDir> {
    let opt = emulator::layer()?;
    std::fs::rename(opt.path().join("extensions/misrule"), opt.path().join("misrule"))?;
    let parent = opt.path().join("parent.sh");
    std::fs::write(&parent, format!("#!/bin/sh\n/opt/misrule\n{then}\n"))?;
    std::fs::set_permissions(&parent, Permissions::from_mode(0o755))?;
    emulator::add_extension(opt.path(), "misrule", &parent)?;
    Ok(opt)
}

/// One invocation, then the end.
async fn ended(namespace: Namespace, opt: &TempDir) -> Result<Ended> {
    let builder = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", free_port()?.to_string());
    let emulator = builder.start().await?;
    answer(&emulator, "/orders/7").await?;
    emulator.shut_down().await
}

#[tokio::test]
async fn it_ends_in_time_and_with_success() -> Result<()> {
    let Some(namespace) = on_demand("it_ends_in_time_and_with_success").await else { return Ok(()) };
    // The emulator does not say how an extension ended: so its parent does.
    let ended = ended(namespace, &with_parent("echo \"the extension ended with $?\"")?).await?;
    let lines = &ended.lines;
    assert!(position(lines, "the runtime was told to end") < position(lines, "the extension ended with 0"));
    assert_eq!((ended.code, ended.killed_an_extension()), (Some(0), false));
    Ok(())
}

#[tokio::test]
async fn an_extension_that_does_not_end_in_time_is_seen_to_be_killed() -> Result<()> {
    let Some(namespace) = on_demand("an_extension_that_does_not_end_in_time_is_seen_to_be_killed").await else {
        return Ok(());
    };
    let ended = ended(namespace, &with_parent("sleep 600")?).await?;
    assert!(ended.killed_an_extension(), "{}", ended.lines.join("\n"));
    Ok(())
}

/// The zip that `misrule layer` made of this checkout, for this machine.
fn zip() -> Option<PathBuf> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let zip = programs::checkout().join(format!("target/layer/misrule-{architecture}.zip"));
    zip.is_file().then_some(zip)
}

#[tokio::test]
async fn the_zip_that_ships_starts_registers_and_proxies() -> Result<()> {
    let test = "the_zip_that_ships_starts_registers_and_proxies";
    let Some(zip) = zip() else {
        skipped::skip(&format!("emulator::layer::{test}"), "no zip is in target/layer; `misrule layer` makes it");
        return Ok(());
    };
    let Some(namespace) = on_demand(test).await else { return Ok(()) };
    let (opt, port) = (emulator::unpacked(&zip)?, free_port()?.to_string());
    let emulator = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", &port).start().await?;
    assert_eq!(answer(&emulator, "/orders/7").await?["runtime_api"], format!("127.0.0.1:{port}"));
    let started = told(&emulator, "start").await?;
    assert_eq!(started["port"].to_string(), port);
    let ended = emulator.shut_down().await?;
    position(&ended.lines, "External agent misrule");
    assert!(!ended.killed_an_extension(), "{}", ended.lines.join("\n"));
    Ok(())
}

/// One environment through an experiment, with no restart.
#[tokio::test]
async fn an_experiment_from_appconfig_is_seen_by_the_caller() -> Result<()> {
    let Some(namespace) = on_demand("an_experiment_from_appconfig_is_seen_by_the_caller").await else { return Ok(()) };
    injects(namespace, Instances::OnDemand).await
}

#[tokio::test]
async fn an_experiment_from_appconfig_is_seen_on_managed_instances() -> Result<()> {
    let instances = Instances::Managed(1);
    let test = "emulator::layer::an_experiment_from_appconfig_is_seen_on_managed_instances";
    let Some(namespace) = emulator::namespace(test, instances).await else { return Ok(()) };
    injects(namespace, instances).await
}

async fn injects(namespace: Namespace, instances: Instances) -> Result<()> {
    let (appconfig, place) = local_appconfig().await?;
    let (opt, port) = (emulator::layer()?, free_port()?.to_string());
    let builder = Emulator::builder(namespace, opt.path()).instances(instances).env("MISRULE_PORT", port);
    let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{PLACE}"));
    let emulator = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?;
    let before = answer(&emulator, "/health").await?;
    assert_eq!(before["path"], "/health", "the handler answers: {before}");

    let settings = json!({ "paths": ["/health"], "status": 404 });
    let outage = experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]));
    appconfig.deploy(&place, "application/json", outage);
    assert_eq!(told_while_busy(&emulator, "armed").await?["experiment"], "outage");
    let hit = answer(&emulator, "/health").await?;
    assert_eq!((&hit["statusCode"], &hit["headers"]["x-misrule"]), (&json!(404), &json!("outage/path-outage")));
    assert_eq!(answer(&emulator, "/orders/7").await?["process"], before["process"], "no other path is touched");

    appconfig.deploy(&place, "application/json", r#"{"halt": true}"#);
    told_while_busy(&emulator, "disarmed").await?;
    assert_eq!(answer(&emulator, "/health").await?["process"], before["process"], "nothing was restarted");
    let lines = emulator.shut_down().await?.lines;
    assert_eq!(lines.iter().filter(|line| line.starts_with(r#"{"misrule":"start""#)).count(), 1);
    Ok(())
}

/// Whatever is thrown at it, the extension that served the first invocation serves the last.
#[tokio::test]
async fn nothing_makes_it_leave_while_the_function_runs() -> Result<()> {
    let Some(namespace) = on_demand("nothing_makes_it_leave_while_the_function_runs").await else { return Ok(()) };
    let (appconfig, place) = local_appconfig().await?;
    let (opt, port) = (emulator::layer()?, free_port()?);
    let builder = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", port.to_string());
    let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{PLACE}"));
    let emulator = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?;
    answer(&emulator, "/orders/7").await?;
    let process = emulator.process_id(EXTENSION)?;

    for delivered in ["no experiment", "PK\u{3}\u{4} and no archive", r#"{"name":"x"}"#] {
        appconfig.deploy(&place, "application/octet-stream", delivered);
    }
    told_while_busy(&emulator, "refused").await?;
    for garbage in ["\0\0\0\0", "GET", "GET /misrule HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"]
    {
        TcpStream::connect(("127.0.0.1", port)).await?.write_all(garbage.as_bytes()).await?;
    }
    drop(appconfig);
    told_while_busy(&emulator, "source_failed").await?;
    let failed = emulator.invoke(&http_event("GET", "/raise")).await?;
    assert!(failed.body.contains("the handler failed"), "{failed:?}");

    answer(&emulator, "/orders/7").await?;
    assert_eq!(emulator.process_id(EXTENSION)?, process);
    let lines = emulator.shut_down().await?.lines;
    assert!(!lines.iter().any(|line| line.contains("Extension.")), "{}", lines.join("\n"));
    Ok(())
}

/// With its port taken by another the layer serves nothing, and the function runs as without it.
#[tokio::test]
async fn a_port_in_use_costs_the_function_nothing() -> Result<()> {
    let Some(namespace) = on_demand("a_port_in_use_costs_the_function_nothing").await else { return Ok(()) };
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let (opt, port) = (emulator::layer()?, taken.local_addr()?.port().to_string());
    let stranger = tokio::spawn(async move { while taken.accept().await.is_ok() {} });
    let emulator = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", &port).start().await?;
    let answered = answer(&emulator, "/orders/7").await?;
    assert_ne!(answered["runtime_api"], format!("127.0.0.1:{port}"));
    let failed = told(&emulator, "failed").await?;
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains(&port)), "{failed}");
    let ended = emulator.shut_down().await?;
    assert!(!ended.killed_an_extension(), "{}", ended.lines.join("\n"));
    stranger.abort();
    Ok(())
}

async fn on_demand(test: &str) -> Option<Namespace> {
    emulator::namespace(&format!("emulator::layer::{test}"), Instances::OnDemand).await
}
