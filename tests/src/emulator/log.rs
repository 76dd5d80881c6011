use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::watch;

use crate::layered::PATIENCE;

/// How many lines are enough to see why a test failed.
const LAST: usize = 60;

/// The lines of the emulator and of the processes that it started, in the order in which they were written.
#[derive(Clone)]
pub struct Log {
    lines: watch::Receiver<Vec<String>>,
}

impl Log {
    /// Reads until everybody who may write has ended.
    pub(super) fn of(source: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, lines) = watch::channel(Vec::new());
        tokio::spawn(async move {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while matches!(source.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                sender.send_modify(|lines| lines.push(text));
                line.clear();
            }
        });
        Self { lines }
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The last of the lines so far.
    pub(super) fn last(&self) -> String {
        let lines = self.lines.borrow();
        lines[lines.len().saturating_sub(LAST)..].join("\n")
    }

    /// The lines once there can be no more.
    pub(super) async fn whole(mut self) -> Vec<String> {
        while self.lines.changed().await.is_ok() {}
        self.lines()
    }

    /// Waits for a line that fits, written now or before. `what` is what an error calls it.
    ///
    /// # Errors
    ///
    /// Where none comes within [`PATIENCE`].
    pub async fn until(&self, what: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
        let found = |lines: &[String]| lines.iter().any(|line| fits(line));
        let waited = tokio::time::timeout(PATIENCE, self.until_all(found)).await;
        waited.with_context(|| format!("waited for {what}; the log:\n{}", self.last()))??;
        self.lines().into_iter().find(|line| fits(line)).context("it was there")
    }

    /// Waits, for as long as anybody may write, until this holds of all lines.
    pub(super) async fn until_all(&self, holds: impl Fn(&[String]) -> bool) -> Result<()> {
        let mut lines = self.lines.clone();
        let held = lines.wait_for(|lines| holds(lines)).await.map(drop);
        held.with_context(|| format!("the emulator has ended; the log:\n{}", self.last()))
    }
}
