use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::{Emulator, Instances, Log, Namespace, program};
use crate::layered::{PATIENCE, free_port};
use crate::programs;

/// What is hidden by folders of ours: nothing that runs may stand there.
const HIDDEN: [&str; 2] = ["/opt", "/var"];

/// Describes an [`Emulator`]; [`EmulatorBuilder::start`] brings it up.
pub struct EmulatorBuilder {
    namespace: Namespace,
    opt: PathBuf,
    task: PathBuf,
    runtime: Option<Vec<OsString>>,
    wrapper: Option<&'static str>,
    handler: String,
    instances: Instances,
    timeout: Duration,
    tmp_mib: Option<u32>,
    variables: Vec<(String, String)>,
}

impl EmulatorBuilder {
    pub(super) fn new(namespace: Namespace, opt: PathBuf) -> Self {
        Self {
            namespace,
            opt,
            task: programs::checkout().join("tests/functions"),
            runtime: None,
            wrapper: Some("/opt/misrule-wrapper"),
            handler: "lifecycle.handler".to_owned(),
            instances: Instances::OnDemand,
            timeout: Duration::from_secs(30),
            tmp_mib: None,
            variables: Vec::new(),
        }
    }

    /// A variable of the function's configuration.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The handler among `tests/functions`; `lifecycle.handler` by default.
    pub fn handler(mut self, handler: impl Into<String>) -> Self {
        self.handler = handler.into();
        self
    }

    /// The runtime's program and arguments; AWS's Python client by default.
    pub fn runtime(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.runtime = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// The runtime is started without a wrapper, as one that heeds none.
    pub fn unwrapped(mut self) -> Self {
        self.wrapper = None;
        self
    }

    /// The folder of the function's code, `/var/task`; `tests/functions` by default.
    pub fn task(mut self, folder: impl Into<PathBuf>) -> Self {
        self.task = folder.into();
        self
    }

    /// The function's timeout, in whole seconds; 30 by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A `/tmp` of its own of so many MiB, as every environment on Lambda has one; by default the machine's.
    pub fn tmp_mib(mut self, size: u32) -> Self {
        self.tmp_mib = Some(size);
        self
    }

    /// On demand, which is the default, or Managed Instances.
    pub fn instances(mut self, instances: Instances) -> Self {
        self.instances = instances;
        self
    }

    /// Starts the emulator. On demand it starts the function with the first invocation.
    ///
    /// # Errors
    ///
    /// Where something it needs is not there, or it cannot be started.
    pub async fn start(self) -> Result<Emulator> {
        let (emulator, port) = (program()?, free_port()?);
        is_visible(&emulator)?;
        let var = self.var()?;
        let listening = [free_port()?, port].map(|port| format!("127.0.0.1:{port}"));
        let command = if self.instances == Instances::OnDemand {
            format!("/var/runtime/bootstrap {}", self.handler)
        } else {
            String::new()
        };
        let script = format!(
            "mount --bind \"$1\" /opt && mount --bind \"$2\" /var && mount --bind \"$3\" /var/task && {} cd /var/task && \
             exec \"$4\" --log-level debug --runtime-api-address {} --runtime-interface-emulator-address {} {command}",
            self.tmp_mib.map_or_else(String::new, own_tmp),
            listening[0],
            listening[1],
        );
        let arguments = [self.opt.as_path(), var.path(), &self.task, &emulator, programs::checkout()];
        let entered = self.namespace.enter(self.unshare(), &script, &arguments).await?;
        let emulator = Emulator {
            parent: entered.process,
            port,
            instances: self.instances,
            invocations: AtomicUsize::new(0),
            log: Log::of(entered.output),
            _var: var,
        };
        listens(port).await.with_context(|| emulator.last_words())?;
        Ok(emulator)
    }

    /// What Lambda has at `/var`: a bootstrap that honours the wrapper, and a place for the function's code.
    fn var(&self) -> Result<TempDir> {
        let var = TempDir::with_prefix("var-")?;
        let [runtime, task] = ["runtime", "task"].map(|folder| var.path().join(folder));
        for folder in [&runtime, &task, &var.path().join("checkout")] {
            fs::create_dir_all(folder)?;
        }
        let bootstrap = runtime.join("bootstrap");
        let mut start = OsString::from("#!/bin/sh\nexec");
        for word in self.words()? {
            start.push(" '");
            start.push(word);
            start.push("'");
        }
        start.push("\n");
        fs::write(&bootstrap, start.as_encoded_bytes())?;
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
        Ok(var)
    }

    /// The runtime's program and arguments, with the wrapper before them.
    fn words(&self) -> Result<Vec<OsString>> {
        let python = || -> Result<Vec<OsString>> {
            Ok(vec![programs::python("python")?.into(), "-m".into(), "awslambdaric".into(), (&self.handler).into()])
        };
        let runtime = self.runtime.clone().map_or_else(python, Ok)?;
        let program = Path::new(runtime.first().context("a runtime has a program")?);
        if !HIDDEN.iter().any(|folder| program.starts_with(folder)) {
            is_visible(program)?;
        }
        Ok(self.wrapper.map(OsString::from).into_iter().chain(runtime).collect())
    }

    fn unshare(&self) -> Command {
        let mut command = Command::new("unshare");
        command.env_clear();
        let inherited = ["PATH", "LD_LIBRARY_PATH"];
        command.envs(inherited.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.env("AWS_LAMBDA_FUNCTION_NAME", "orders").env("_HANDLER", &self.handler);
        command.env("AWS_LAMBDA_FUNCTION_TIMEOUT", self.timeout.as_secs().to_string());
        command.env("AWS_REGION", "us-east-1");
        // The emulator leaves it to the image; AWS's have it, and AWS's Node client ends without it.
        command.env("LAMBDA_TASK_ROOT", "/var/task");
        command.envs(self.wrapper.map(|wrapper| ("AWS_LAMBDA_EXEC_WRAPPER", wrapper)));
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        // What Python would cache lies in the checkout.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        if let Instances::Managed(concurrency) = self.instances {
            command.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Mounts a `/tmp`, and in it again the checkout where it lies there: runtimes and the emulator itself stand in it.
fn own_tmp(size: u32) -> String {
    format!(
        "mount --rbind \"$5\" /var/checkout && mount -t tmpfs -o size={size}m tmpfs /tmp && mkdir -p \"$5\" && \
         mount --rbind /var/checkout \"$5\" &&"
    )
}

fn is_visible(program: &Path) -> Result<()> {
    let real = program.canonicalize()?;
    let hidden = HIDDEN.iter().find(|folder| real.starts_with(folder));
    ensure!(hidden.is_none(), "{} would be hidden: the emulator sees folders of ours at {HIDDEN:?}", real.display());
    Ok(())
}

/// Waits until something accepts on this port.
async fn listens(port: u16) -> Result<()> {
    let accepted = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, accepted).await.context("the emulator does not listen")
}
