//! Other wrappers and other proxies, above and below: all of them serve the same runtime.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use misrule_local::function::FunctionBuilder;
use misrule_tests::layered::{Layered, free_port, http_event, layered_after, local_appconfig, with_layer};
use misrule_tests::programs;
use tempfile::TempDir;

use super::client::Client;
use super::played::outage_of;
use crate::do_no_harm::message::Got;

/// A proxy that is not ours, as an extension.
const RELAY: &str = "tests/functions/relay.py";

/// What callers of a function get that an experiment answers for on one path only.
async fn injects_and_passes(layered: &Layered, client: Client) -> Result<()> {
    assert_eq!(layered.get("/gone").await?.0, 404, "{client:?}: {}", layered.everything());
    let answer = layered.get("/answer").await?;
    assert_eq!((answer.0, &answer.1["body"]), (200, &"/answer".into()), "{client:?}: {}", layered.everything());
    let failed = Got::of(layered.function.invoke(http_event("GET", "/handler-error")).await.outcome).await;
    assert!(matches!(failed, Got::Error { .. }), "{client:?}: {failed:?}");
    Ok(())
}

async fn armed(builder: FunctionBuilder, variables: &[(&str, &str)]) -> Result<Layered> {
    let first_wait = [("MISRULE_FIRST_WAIT", "10s")];
    layered_after(outage_of("/gone"), builder, &[variables, &first_wait].concat()).await
}

/// A program that is started between the layer's wrapper and the runtime.
fn wrapper(folder: &TempDir, script: &str) -> Result<PathBuf> {
    let wrapper = folder.path().join("other-wrapper");
    executable(&wrapper, &format!("{script}\nexec \"$@\""))?;
    Ok(wrapper)
}

fn executable(file: &Path, script: &str) -> Result<()> {
    fs::write(file, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[tokio::test]
async fn another_wrapper_runs_between_ours_and_the_runtime() -> Result<()> {
    for client in Client::ALL {
        let folder = tempfile::tempdir()?;
        let wrapper = wrapper(&folder, "echo \"another wrapper before $AWS_LAMBDA_RUNTIME_API\"")?;
        let builder = client.function("endings.handler")?.env("MISRULE_NEXT_WRAPPER", wrapper.to_string_lossy());
        let layered = armed(builder, &[]).await?;
        injects_and_passes(&layered, client).await?;
        let said = layered.everything();
        assert!(said.contains("another wrapper before 127.0.0.1:"), "{said}");
    }
    Ok(())
}

/// Runtime, then ours, then another's, then Lambda. The other's wrapper points the runtime at its own proxy, and so is run
/// before ours.
#[tokio::test]
async fn another_proxy_stands_between_ours_and_lambda() -> Result<()> {
    for client in Client::ALL {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let others = wrapper(&folder, &format!("export AWS_LAMBDA_RUNTIME_API=127.0.0.1:{port}"))?;
        let both = folder.path().join("both-wrappers");
        let ours = programs::program("misrule-wrapper")?;
        executable(&both, &format!("exec '{}' '{}' \"$@\"", others.display(), ours.display()))?;
        let (appconfig, place) = local_appconfig().await?;
        appconfig.deploy(&place, "application/json", outage_of("/gone"));
        let builder =
            client.function("endings.handler")?.extension(relay(), [("RELAY_PORT", port.to_string().as_str())]);
        let upstream = format!("127.0.0.1:{port}");
        let variables = [("MISRULE_RUNTIME_API", upstream.as_str()), ("MISRULE_FIRST_WAIT", "10s")];
        let function = with_layer(builder, &appconfig, &variables)?.wrapper(both).start().await?;
        let layered = Layered { function: function.into(), appconfig, place };
        injects_and_passes(&layered, client).await?;
        assert_relays(&layered);
    }
    Ok(())
}

/// Runtime, then another's, then ours, then Lambda.
#[tokio::test]
async fn another_proxy_stands_between_the_runtime_and_ours() -> Result<()> {
    for client in Client::ALL {
        let (folder, port, ours) = (tempfile::tempdir()?, free_port()?.to_string(), free_port()?.to_string());
        let wrapper = wrapper(&folder, &format!("export AWS_LAMBDA_RUNTIME_API=127.0.0.1:{port}"))?;
        let upstream = format!("127.0.0.1:{ours}");
        let relaying = [("RELAY_PORT", port.as_str()), ("RELAY_UPSTREAM", upstream.as_str())];
        let builder = client.function("endings.handler")?.extension(relay(), relaying);
        let wrapper = wrapper.to_string_lossy();
        let layered = armed(builder, &[("MISRULE_PORT", &ours), ("MISRULE_NEXT_WRAPPER", &wrapper)]).await?;
        injects_and_passes(&layered, client).await?;
        assert_relays(&layered);
    }
    Ok(())
}

/// Runtime, then ours, then a second of ours with another experiment, then Lambda.
#[tokio::test]
async fn two_of_ours_stand_in_a_row() -> Result<()> {
    let folder = tempfile::tempdir_in(beside_the_programs()?)?;
    let second = folder.path().join("second-misrule");
    fs::copy(programs::program("misrule-extension")?, &second)?;
    let experiment = folder.path().join("experiment.json");
    fs::write(&experiment, outage_of("/second"))?;
    let source = format!("file:{}", experiment.display());
    for client in Client::ALL {
        let port = free_port()?.to_string();
        let variables =
            [("MISRULE_PORT", port.as_str()), ("MISRULE_SOURCE", source.as_str()), ("MISRULE_RUNTIME_API", "")];
        let builder = client.function("endings.handler")?.extension(&second, variables);
        let layered = armed(builder, &[("MISRULE_RUNTIME_API", &format!("127.0.0.1:{port}"))]).await?;
        injects_and_passes(&layered, client).await?;
        assert_eq!(layered.get("/second").await?.0, 404, "{client:?}: {}", layered.everything());
    }
    Ok(())
}

fn relay() -> PathBuf {
    programs::checkout().join(RELAY)
}

/// That the runtime's traffic went through it.
fn assert_relays(layered: &Layered) {
    let name = Path::new(RELAY).file_name().and_then(OsStr::to_str).unwrap();
    let said = layered.everything();
    assert!(said.lines().any(|line| line.starts_with(&format!("extension {name}: relays"))), "{said}");
}

fn beside_the_programs() -> Result<PathBuf> {
    Ok(programs::program("misrule-extension")?.parent().unwrap().to_owned())
}
