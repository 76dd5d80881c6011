//! AWS's Runtime Interface Emulator: Lambda's own control program, as AWS ships it for tests. It starts what stands in
//! `/opt/extensions` and a function, by default a Python one under AWS's own client, through our wrapper.
//! <https://github.com/aws/aws-lambda-runtime-interface-emulator>
//!
//! Any folder can be its `/opt`: [`layer`] makes one of the programs under test, [`unpacked`] one of a layer's zip.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use misrule_tests::emulator::{self, Emulator, Instances};
//!
//! let Some(namespace) = emulator::namespace("emulator::answers", Instances::OnDemand).await else { return Ok(()) };
//! let opt = emulator::layer()?;
//! let emulator = Emulator::builder(namespace, opt.path()).env("MISRULE_PORT", "9117").start().await?;
//! assert_eq!(emulator.invoke(r#"{"rawPath":"/"}"#).await?.status, 200);
//! assert_eq!(emulator.shut_down().await?.code, Some(0));
//! # Ok(())
//! # }
//! ```

mod builder;
mod log;
mod namespace;
mod opt;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Child;

pub use builder::EmulatorBuilder;
pub use log::Log;
pub use namespace::{Instances, Namespace, namespace};
pub use opt::{add_extension, layer, unpacked};

use crate::layered::PATIENCE;
use crate::programs;

/// What the emulator's log says when it is done with an invocation on demand: also where it reset, and after a timeout.
const DONE: [&str; 2] = ["execute finished", "FastInvoke() error"];

/// A running emulator. It and all that it started are killed when it is dropped.
pub struct Emulator {
    /// `unshare`, which is the parent of the emulator.
    parent: Child,
    port: u16,
    instances: Instances,
    invocations: AtomicUsize,
    log: Log,
    _var: TempDir,
}

/// What a caller of the emulator gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// What the header `Error-Type` says; only on Managed Instances there is one.
    pub error_type: Option<String>,
    /// The body.
    pub body: String,
}

/// How an emulator ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// All that it and its processes wrote.
    pub lines: Vec<String>,
}

impl Ended {
    /// Whether it killed an extension, as it does two seconds after it has told it to end.
    pub fn killed_an_extension(&self) -> bool {
        self.lines.iter().any(|line| line.contains("Sending SIGKILL to extension-"))
    }
}

/// The emulator's program, which `tests/run` provides.
///
/// # Errors
///
/// Where it is not there.
pub fn program() -> Result<PathBuf> {
    let program = programs::checkout().join("target/provision/emulator/aws-lambda-rie");
    ensure!(program.exists(), "{} is not there: run `tests/run` once", program.display());
    Ok(program)
}

impl Emulator {
    /// Describes one that sees this folder as `/opt`.
    pub fn builder(namespace: Namespace, opt: impl Into<PathBuf>) -> EmulatorBuilder {
        EmulatorBuilder::new(namespace, opt.into())
    }

    /// Invokes the function, which on demand the first invocation starts.
    ///
    /// On demand the caller must not send the next before this has returned: the emulator crashes where two overlap, and
    /// fails what comes while it resets, so this waits until it is done. On Managed Instances it refuses what no runtime
    /// waits for; that is sent again.
    ///
    /// # Errors
    ///
    /// Where the emulator does not answer.
    pub async fn invoke(&self, event: &str) -> Result<Answer> {
        let made = self.invocations.fetch_add(1, Ordering::Relaxed) + 1;
        let answered = async {
            match self.instances {
                Instances::OnDemand => {
                    let answer = self.exchange(event).await?;
                    let is_done = |line: &&String| DONE.iter().any(|done| line.contains(done));
                    self.log.until_all(|lines| lines.iter().filter(is_done).count() >= made).await?;
                    Ok(answer)
                }
                Instances::Managed(_) => self.exchange_with_a_runtime(event).await,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, answered).await;
        answer.unwrap_or_else(|_| Err(anyhow!("no answer in {PATIENCE:?}"))).with_context(|| self.last_words())
    }

    async fn exchange_with_a_runtime(&self, event: &str) -> Result<Answer> {
        loop {
            let answer = self.exchange(event).await?;
            if answer.error_type.as_deref() != Some("Runtime.Unavailable") {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// HTTP/1.0: the answer ends with its connection, and is never in chunks.
    async fn exchange(&self, event: &str) -> Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        // In one piece: what is refused unread would reset the connection.
        let request = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.0\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{event}",
            event.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Answer::read(&String::from_utf8(answer)?)
    }

    /// What it and its processes write.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What was written last, for messages of tests that fail.
    pub fn last_words(&self) -> String {
        self.log.last()
    }

    /// The process id of what the emulator started by this path, as `/opt/extensions/misrule`.
    ///
    /// # Errors
    ///
    /// Where there is no such process.
    pub fn process_id(&self, path: &str) -> Result<u32> {
        let started = children(self.id()?)?;
        let found = started.into_iter().find(|id| is_running(*id, path));
        found.with_context(|| format!("{path} does not run; the log:\n{}", self.last_words()))
    }

    fn id(&self) -> Result<u32> {
        let parent = self.parent.id().context("the emulator has ended")?;
        children(parent)?.first().copied().context("the emulator has ended")
    }

    /// Tells it to end, as Lambda ends an environment that it has no more work for, and waits until it has.
    ///
    /// # Errors
    ///
    /// Where it has ended before, or does not end.
    pub async fn shut_down(mut self) -> Result<Ended> {
        kill(self.id()?, Signal::TERM)?;
        let status = tokio::time::timeout(PATIENCE, self.parent.wait()).await;
        let status = status.with_context(|| format!("it does not end; the log:\n{}", self.last_words()))??;
        Ok(Ended { code: status.code(), lines: self.log.whole().await })
    }
}

/// Sends a signal to one process.
///
/// # Errors
///
/// Where there is no such process.
pub fn kill(process: u32, signal: Signal) -> Result<()> {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw).context("a process id is positive")?;
    Ok(kill_process(id, signal)?)
}

/// The children of a process, whichever of its threads started them.
fn children(process: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let of_thread = std::fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        children.extend(of_thread.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
    }
    Ok(children)
}

fn is_running(process: u32, path: &str) -> bool {
    let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    command.split(|byte| *byte == 0).any(|argument| argument == path.as_bytes())
}

impl Answer {
    fn read(text: &str) -> Result<Self> {
        let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no HTTP answer: {text:?}"))?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let header = |line: &str| line.strip_prefix("Error-Type: ").map(str::to_owned);
        Ok(Self {
            status: status.with_context(|| format!("no status: {head:?}"))?,
            error_type: head.lines().find_map(header),
            body: body.to_owned(),
        })
    }
}
