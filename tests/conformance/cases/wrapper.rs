//! The wrapper, which becomes the runtime.

use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use misrule_tests::programs;
use tokio::process::Command;

use super::{EACH_ALONE, NO_LAYER};
use crate::case::{Case, case};
use crate::stage::{Stage, soon};

/// What a runtime finds: its address, its arguments, an inherited descriptor, its process.
const SHOW: &str = r#"printf '%s|' "$AWS_LAMBDA_RUNTIME_API" "$@" "$(cat <&3)" "$$"; exit 7"#;

pub(crate) fn cases() -> Vec<Case> {
    let row = |from, runtime, seen| case(from, runtime, seen).one_layer(NO_LAYER, EACH_ALONE);
    vec![
        row(
            "LAMBDA 61",
            "(is started by the wrapper, beside the layer)",
            "the layer's address; arguments with spaces, quotes and $, descriptor 3, process and exit status are its own",
        )
        .scene(beside_the_layer),
        row(
            "LAMBDA 61, PEERS 12, PEERS 14",
            "(is started by the wrapper, with no layer on its port)",
            "Lambda's address, the rest likewise; one line says why",
        )
        .scene(without_the_layer),
        row(
            "LAMBDA 62",
            "(is started by the wrapper, with another to run after it, or itself)",
            "the other runs once, ours never twice",
        )
        .scene(before_another),
    ]
}

const ARGUMENTS: [&str; 5] = ["sh", "a b", "$HOME", "'\"", ""];

/// The wrapper with a runtime of these arguments, its descriptor 3 a file, and the process it is.
async fn started(stage: &Stage, port: u16, next: Option<&Path>, runtime: &[&str]) -> Result<(Output, u32)> {
    let folder = tempfile::tempdir()?;
    let inherited = folder.path().join("inherited");
    std::fs::write(&inherited, "inherited")?;
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec 3<"$INHERITED"; exec "$@""#, "sh"]).arg(programs::program("misrule-wrapper")?);
    command.args(runtime).env("INHERITED", &inherited).env("MISRULE_PORT", port.to_string());
    command.env("AWS_LAMBDA_RUNTIME_API", stage.lambda.address().to_string());
    command.envs(next.map(|next| ("MISRULE_NEXT_WRAPPER", next)));
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let id = process.id().context("it has ended")?;
    Ok((soon("the runtime", process.wait_with_output()).await??, id))
}

async fn shows(stage: &Stage, port: u16, address: &str) -> Result<String> {
    let runtime = [&["sh", "-c", SHOW], &ARGUMENTS[..]].concat();
    let (output, process) = started(stage, port, None, &runtime).await?;
    let shown = String::from_utf8(output.stdout)?;
    ensure!(shown == format!("{address}|a b|$HOME|'\"||inherited|{process}|"), "{shown}");
    ensure!(output.status.code() == Some(7), "{:?}", output.status);
    Ok(String::from_utf8(output.stderr)?)
}

async fn beside_the_layer(stage: Stage) -> Result<()> {
    let port = stage.layer()?.port;
    let complaint = shows(&stage, port, &format!("127.0.0.1:{port}")).await?;
    ensure!(complaint.is_empty(), "{complaint}");
    Ok(())
}

async fn without_the_layer(mut stage: Stage) -> Result<()> {
    let port = stage.layer()?.port;
    for layer in std::mem::take(&mut stage.layers) {
        layer.killed().await?;
    }
    let complaint = shows(&stage, port, &stage.lambda.address().to_string()).await?;
    ensure!(complaint.lines().count() == 1 && complaint.contains("nothing answers"), "{complaint}");
    Ok(())
}

async fn before_another(stage: Stage) -> Result<()> {
    let port = stage.layer()?.port;
    let folder = tempfile::tempdir()?;
    let other = folder.path().join("other wrapper");
    std::os::unix::fs::symlink(programs::checkout().join("tests/functions/other-wrapper"), &other)?;
    let ours = programs::program("misrule-wrapper")?;
    for (next, expected) in [(&other, "other runtime\n"), (&ours, "runtime\n")] {
        let (output, _) = started(&stage, port, Some(next), &["echo", "runtime"]).await?;
        ensure!(output.stdout == expected.as_bytes(), "{output:?}");
    }
    Ok(())
}
