//! Allocations of a process: calls of its libc's `malloc`, `calloc`, `realloc` and `posix_memalign`, counted by the kernel
//! (uprobes, through `perf`) while nothing is timed. The programs under measurement are the ones that ship.

use std::future::Future;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::process::Process;

const FUNCTIONS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// How many there are while this is done; none where `perf` cannot count, which takes root.
pub(crate) async fn during<T>(process: &Process, work: impl Future<Output = Result<T>>) -> Result<Option<u64>> {
    if !probed(&process.libc()?).await {
        return Ok(None);
    }
    let mut counting = Command::new("perf");
    counting.args(["stat", "--no-big-num", "--field-separator", ",", "--event", "misrule_bench:*"]);
    // It counts for as long as its own program runs: `cat` ends with its input.
    counting.args(["--pid", &process.id()?.to_string(), "cat"]).kill_on_drop(true);
    let mut perf = counting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut to, mut from) = (perf.stdin.take().context("stdin")?, perf.stdout.take().context("stdout")?);
    to.write_all(b"!").await?;
    from.read_exact(&mut [0]).await.context("perf does not count")?;
    work.await?;
    drop(to);
    let output = perf.wait_with_output().await?;
    forget().await;
    Ok(Some(sum(&String::from_utf8_lossy(&output.stderr))))
}

/// Puts a probe on each function; false where that is not allowed.
async fn probed(libc: &Path) -> bool {
    forget().await;
    let mut perf = Command::new("perf");
    perf.arg("probe").arg("--quiet").arg("--exec").arg(libc);
    for function in FUNCTIONS {
        perf.arg("--add").arg(format!("misrule_bench:{function}={function}"));
    }
    let status = perf.stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    status.is_ok_and(|status| status.success())
}

async fn forget() {
    let mut perf = Command::new("perf");
    perf.args(["probe", "--quiet", "--del", "misrule_bench:*"]);
    let _ = perf.stdout(Stdio::null()).stderr(Stdio::null()).status().await;
}

/// The counts stand in the first column.
fn sum(table: &str) -> u64 {
    table.lines().filter_map(|line| line.split(',').next()?.parse::<u64>().ok()).sum()
}
