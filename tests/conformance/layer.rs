//! The layer as a process, as Lambda starts it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::{layered, programs};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;

use super::stage::soon;

/// A running extension. It ends when this is dropped.
pub(crate) struct Layer {
    process: Child,
    pub(crate) port: u16,
    said: Arc<Mutex<Vec<String>>>,
    lines: watch::Receiver<usize>,
}

/// What it is started with.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) program: PathBuf,
    pub(crate) argument: Option<&'static str>,
    /// Its path, as its first argument says.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) disk_full: bool,
}

impl Start {
    /// Before this Runtime API, on a port that nobody has.
    pub(crate) fn before(lambda: &str) -> Result<Self> {
        let variables = [
            ("AWS_LAMBDA_RUNTIME_API", lambda),
            ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "us-east-1"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Ok(Self {
            program: programs::program("misrule-extension")?,
            argument: None,
            name: "/opt/extensions/misrule".to_owned(),
            port: layered::free_port()?,
            variables,
            disk_full: false,
        })
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }
}

impl Layer {
    pub(crate) fn start(start: Start) -> Result<Self> {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
        let output = if start.disk_full { Stdio::from(full()?) } else { Stdio::piped() };
        let mut process = Command::new(start.program)
            .arg0(start.name)
            .args(start.argument)
            // What the tests' own surroundings hold, such as the names of toolchains, is not the layer's.
            .env_clear()
            .env("MISRULE_PORT", start.port.to_string())
            .envs(start.variables)
            .stdout(output)
            .kill_on_drop(true)
            .spawn()?;
        let said = Arc::default();
        let (told, lines) = watch::channel(0);
        if let Some(output) = process.stdout.take() {
            tokio::spawn(listen(output, Arc::clone(&said), told));
        }
        Ok(Self { process, port: start.port, said, lines })
    }

    pub(crate) fn process_id(&self) -> Result<u32> {
        self.process.id().context("the layer has ended")
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let id = Pid::from_raw(i32::try_from(self.process_id()?)?).context("no process id")?;
        Ok(kill_process(id, signal)?)
    }

    /// Stops it, as a freeze does: it does nothing from here on.
    pub(crate) async fn stop(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let process = self.process_id()?;
        let stopped = async {
            // Behind the program's name, which may hold anything, stands the state.
            while !std::fs::read_to_string(format!("/proc/{process}/stat"))?.contains(") T ") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            anyhow::Ok(())
        };
        soon("the layer to stop", stopped).await?
    }

    /// All that it wrote.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its log lines of this kind.
    pub(crate) fn lines(&self, kind: &str) -> Vec<Value> {
        let lines = self.said().into_iter().filter_map(|line| serde_json::from_str(&line).ok());
        lines.filter(|line: &Value| line["misrule"] == kind).collect()
    }

    /// Waits for a line of this kind that fits.
    pub(crate) async fn until(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = async {
            let mut lines = self.lines.clone();
            loop {
                if let Some(line) = self.lines(kind).into_iter().find(&fits) {
                    return Some(line);
                }
                lines.changed().await.ok()?;
            }
        };
        let found = soon(kind, found).await.ok().flatten();
        found.with_context(|| format!("no line `{kind}` that fits in:\n{}", self.said().join("\n")))
    }

    /// Its exit code, once it ends by itself, with all that it wrote.
    pub(crate) async fn ends(&mut self) -> Result<(Option<i32>, Vec<String>)> {
        let status = soon("the end of the layer", self.process.wait()).await??;
        // The output ends with it.
        let mut lines = self.lines.clone();
        while lines.changed().await.is_ok() {}
        Ok((status.code(), self.said()))
    }

    /// Kills it, and waits until nothing is left of it: until then it listens.
    pub(crate) async fn killed(mut self) -> Result<()> {
        soon("the end of the layer", self.process.kill()).await??;
        Ok(())
    }

    /// That it has not ended.
    pub(crate) fn lives(&mut self) -> Result<()> {
        ensure!(self.process.try_wait()?.is_none(), "the layer has ended: {:?}", self.said());
        Ok(())
    }

    /// Open descriptors, and memory in KiB.
    pub(crate) fn holds(&self) -> Result<(usize, u64)> {
        let process = self.process_id()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no resident memory")?;
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
        Ok((descriptors, resident.trim().trim_end_matches(" kB").parse()?))
    }
}

async fn listen(output: ChildStdout, said: Arc<Mutex<Vec<String>>>, told: watch::Sender<usize>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        told.send_modify(|count| *count += 1);
    }
}
