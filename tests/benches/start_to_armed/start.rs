//! One start of the extension, from exec until an experiment is in force.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use misrule_local::lambda::RuntimeApi;
use misrule_tests::layered::{PATIENCE, PLACE, free_port};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::tls::Front;

/// What was seen of one start.
pub(crate) struct Start {
    /// From exec to the line `start`: the port is bound, and Lambda has registered it.
    pub(crate) listening: Duration,
    /// From exec to the line `armed`.
    pub(crate) armed: Duration,
    /// Where the policies' machine code came from.
    pub(crate) code: Vec<String>,
    /// Resident memory once it was armed, in KiB.
    pub(crate) resident: u64,
    /// The part of it that is no page of a file, which the kernel could not drop.
    pub(crate) anonymous: u64,
}

/// Starts the program, and ends it once it is armed.
pub(crate) async fn start(program: &Path, front: &Front, key: Option<&str>) -> Result<Start> {
    let name = program.file_name().context("a program has a name")?.to_string_lossy().into_owned();
    let lambda = RuntimeApi::builder().extension(name).serve().await?;
    let mut command = command(program, &lambda, front)?;
    command.envs(key.map(|key| ("MISRULE_PUBLIC_KEY", key)));
    let began = Instant::now();
    let mut child = command.spawn()?;
    let seen = tokio::time::timeout(PATIENCE, watch(&mut child, began)).await.context("it does not arm")?;
    child.kill().await?;
    seen
}

fn command(program: &Path, lambda: &RuntimeApi, front: &Front) -> Result<Command> {
    let mut command = Command::new(program);
    command.env_clear().stdout(Stdio::piped()).kill_on_drop(true);
    command.env("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string());
    command.env("AWS_LAMBDA_FUNCTION_NAME", "test_function").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("AWS_ENDPOINT_URL", front.endpoint()).env("SSL_CERT_FILE", &front.trusted);
    command.env("MISRULE_SOURCE", format!("appconfig:{PLACE}")).env("MISRULE_PORT", free_port()?.to_string());
    command.env("MISRULE_LOG", "misrule=debug");
    Ok(command)
}

async fn watch(child: &mut Child, began: Instant) -> Result<Start> {
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let (mut listening, mut code, mut said) = (None, Vec::new(), Vec::new());
    while let Some(text) = lines.next_line().await? {
        let line: Value = serde_json::from_str(&text).unwrap_or_default();
        match line["misrule"].as_str() {
            Some("start") => listening = Some(began.elapsed()),
            Some("loaded") => code.push(line["code"].as_str().unwrap_or_default().to_owned()),
            Some("armed") => {
                let armed = began.elapsed();
                let listening = listening.context("it says `start` first")?;
                let [resident, anonymous] = ["VmRSS:", "RssAnon:"].map(|what| memory(child.id(), what));
                return Ok(Start { listening, armed, code, resident: resident?, anonymous: anonymous? });
            }
            _ => {}
        }
        said.push(text);
    }
    bail!("it ended before it was armed:\n{}", said.join("\n"))
}

fn memory(process: Option<u32>, what: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.context("it still runs")?))?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).context("such a line")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
