use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::output::{Origin, Output, Stream};

/// How long what a process wrote last may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Exit {
    /// In the words of Lambda's own program, which is written in Go.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "exit status {code}"),
            Self::Signal(9) => formatter.write_str("signal: killed"),
            Self::Signal(11) => formatter.write_str("signal: segmentation fault"),
            Self::Signal(15) => formatter.write_str("signal: terminated"),
            Self::Signal(number) => write!(formatter, "signal {number}"),
        }
    }
}

/// A running process and all that it started. Killed when dropped.
pub(super) struct Process {
    pub(super) origin: Origin,
    group: Option<Pid>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// Starts a program in a process group of its own, so that what it starts can be ended with it.
    pub(super) fn spawn(mut command: Command, origin: Origin, output: &Output) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let readers = [
            child.stdout.take().map(|from| tokio::spawn(output.clone().read(origin.clone(), Stream::Output, from))),
            child.stderr.take().map(|from| tokio::spawn(output.clone().read(origin.clone(), Stream::Error, from))),
        ];
        let (sender, exit) = watch::channel(None);
        tokio::spawn(wait(child, group, readers, sender));
        Ok(Self { origin, group, exit })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.group.and_then(|group| u32::try_from(group.as_raw_nonzero().get()).ok())
    }

    /// Waits until it has ended.
    pub(super) async fn exit(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|exit| *exit).unwrap_or(Exit::Signal(9))
    }

    /// Sends a signal to all of it; nothing once it has ended.
    pub(super) fn signal(&self, signal: Signal) {
        if let (Some(group), None) = (self.group, *self.exit.borrow()) {
            // A group that is gone has ended by itself.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn wait(
    mut child: Child,
    group: Option<Pid>,
    readers: [Option<JoinHandle<()>>; 2],
    exit: watch::Sender<Option<Exit>>,
) {
    let status = child.wait().await;
    if let Some(group) = group {
        // What it started and left behind must not outlive it.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let read_all = async {
        for reader in readers.into_iter().flatten() {
            let _ = reader.await;
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, read_all).await;
    exit.send_replace(Some(status.map_or(Exit::Signal(9), Exit::of)));
}
