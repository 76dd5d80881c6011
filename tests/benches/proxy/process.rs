//! What a process used, as the kernel counts it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

/// A proxy under measurement, which ends with this.
pub(crate) struct Process {
    child: Child,
}

/// Bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) peak: u64,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
        Ok(Self { child: child.with_context(|| format!("{:?} does not start", command.as_std().get_program()))? })
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("a proxy still runs")
    }

    fn folder(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(format!("/proc/{}", self.id()?)))
    }

    /// Time on a CPU of all its threads, in user and system mode.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(self.folder()?.join("task"))? {
            // A thread may end while it is looked at.
            let Ok(statistics) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += statistics.split(' ').next().context("schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(self.folder()?.join("status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("VmRSS and VmHWM")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
        };
        Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// The C library that it allocates with.
    pub(crate) fn libc(&self) -> Result<PathBuf> {
        let maps = fs::read_to_string(self.folder()?.join("maps"))?;
        let path =
            maps.lines().find_map(|line| line.split_whitespace().nth(5).filter(|path| path.contains("/libc.so")));
        path.map(PathBuf::from).context("it is linked against a libc")
    }
}
