use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::skipped;

/// The user and the group that the emulator starts processes as on Managed Instances.
const SANDBOX: (u32, u32) = (993, 990);

/// Whom an execution environment serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// One invocation at a time.
    OnDemand,
    /// Lambda Managed Instances: this many invocations at once.
    Managed(u16),
}

/// A way to show the emulator another `/opt` without touching the machine's. All that runs in it ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// Of a user who is root only there.
    User,
    /// Of root, where no user may have one.
    Root,
    /// Of root, who is there the user that Managed Instances run processes as: so these may read what root may.
    Sandbox,
}

/// The way that works here. Where none does the test is skipped: named and counted.
pub async fn namespace(test: &str, instances: Instances) -> Option<Namespace> {
    static ON_DEMAND: OnceCell<Result<Namespace, String>> = OnceCell::const_new();
    static MANAGED: OnceCell<Result<Namespace, String>> = OnceCell::const_new();
    let found = match instances {
        Instances::OnDemand => ON_DEMAND.get_or_init(|| first(&[Namespace::User, Namespace::Root])).await,
        Instances::Managed(_) => MANAGED.get_or_init(|| first(&[Namespace::Sandbox])).await,
    };
    found.as_ref().map_err(|reason| skipped::skip(test, reason)).ok().copied()
}

async fn first(ways: &[Namespace]) -> Result<Namespace, String> {
    let mut reasons = Vec::new();
    for way in ways {
        match way.works().await {
            Ok(()) => return Ok(*way),
            Err(error) => reasons.push(format!("{way:?}: {error:#}").replace('\n', " ")),
        }
    }
    Err(format!("no namespace with an /opt of its own can be made here ({})", reasons.join("; ")))
}

impl Namespace {
    async fn works(self) -> Result<()> {
        let mut entered = self.enter(Command::new("unshare"), "mount --bind /opt /opt", &[]).await?;
        let status = entered.process.wait().await?;
        let mut said = String::new();
        entered.output.read_to_string(&mut said).await?;
        if status.success() { Ok(()) } else { bail!("{}", said.trim()) }
    }

    /// Runs a shell script in a new namespace, with these arguments. `unshare` has the variables and the folder that
    /// the script is to have.
    pub(super) async fn enter(self, mut unshare: Command, script: &str, arguments: &[&Path]) -> Result<Entered> {
        let (output, writer) = pipe_both()?;
        unshare.args(self.options()).args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]);
        // The script waits until it is known who it is.
        unshare.arg(format!("echo; read known; {script}")).arg("sh").args(arguments);
        unshare.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer).kill_on_drop(true);
        let process = unshare.spawn().context("unshare runs")?;
        drop(unshare);
        let mut entered = Entered { output, process };
        entered.is_there().await?;
        if self == Self::Sandbox {
            become_sandbox(entered.process.id().context("it runs")?)?;
        }
        let stdin = entered.process.stdin.take();
        stdin.context("it has an input")?.write_all(b"known\n").await?;
        Ok(entered)
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::User => &["--user", "--map-root-user"],
            Self::Root => &[],
            Self::Sandbox => &["--user", "--keep-caps"],
        }
    }
}

/// A script that runs in a namespace, and what it writes.
pub(super) struct Entered {
    pub(super) process: Child,
    pub(super) output: pipe::Receiver,
}

impl Entered {
    /// Waits for the empty line that the script begins with. Anything else is why there is no namespace.
    async fn is_there(&mut self) -> Result<()> {
        let mut first = [0];
        self.output.read_exact(&mut first).await.context("unshare said nothing")?;
        if first == *b"\n" {
            return Ok(());
        }
        let mut said = Vec::from(first);
        self.output.read_to_end(&mut said).await?;
        bail!("{}", String::from_utf8_lossy(&said).trim())
    }
}

/// One pipe for both streams keeps their order.
fn pipe_both() -> Result<(pipe::Receiver, std::io::PipeWriter)> {
    let (reader, writer) = std::io::pipe()?;
    Ok((pipe::Receiver::from_owned_fd(reader.into())?, writer))
}

fn become_sandbox(process: u32) -> Result<()> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    fs::write(format!("/proc/{process}/uid_map"), format!("{} {user} 1", SANDBOX.0)).context("users can be mapped")?;
    fs::write(format!("/proc/{process}/gid_map"), format!("{} {group} 1", SANDBOX.1)).context("groups can be mapped")
}
