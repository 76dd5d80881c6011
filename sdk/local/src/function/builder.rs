use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::output::{Line, Output};
use super::{Function, StartError};
use crate::lambda::Recorder;
use crate::lambda::{Recording, Settings};

/// What a function is made of.
pub(super) struct Plan {
    pub(super) settings: Settings,
    pub(super) runtime: Program,
    pub(super) wrapper: Option<PathBuf>,
    pub(super) extensions: Vec<ExtensionProgram>,
    pub(super) task_root: Option<PathBuf>,
    pub(super) memory_mb: u32,
    pub(super) environment: BTreeMap<String, String>,
    /// Outlives a reset, as /tmp does.
    pub(super) tmp: TempDir,
    pub(super) init_timeout: Duration,
    pub(super) output: Output,
    /// Hears what Lambda writes of each invocation.
    pub(super) report: Option<super::report::Listener>,
    pub(super) recorder: Recorder,
}

pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
}

pub(super) struct ExtensionProgram {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
}

/// Describes a [`Function`]; [`FunctionBuilder::start`] brings it up.
pub struct FunctionBuilder {
    settings: Settings,
    runtime: Option<Program>,
    wrapper: Option<PathBuf>,
    extensions: Vec<ExtensionProgram>,
    task_root: Option<PathBuf>,
    memory_mb: u32,
    environment: BTreeMap<String, String>,
    init_timeout: Duration,
    listener: Option<super::output::Listener>,
    report: Option<super::report::Listener>,
    recording: Recording,
}

impl FunctionBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            settings: Settings { function_name: name, ..Settings::default() },
            runtime: None,
            wrapper: None,
            extensions: Vec::new(),
            task_root: None,
            memory_mb: 128,
            environment: BTreeMap::new(),
            init_timeout: Duration::from_secs(10),
            listener: None,
            report: None,
            recording: Recording::Nothing,
        }
    }

    /// The program that is the runtime, and its arguments.
    pub fn runtime<'a>(mut self, path: impl Into<PathBuf>, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        self.runtime = Some(Program { path: path.into(), arguments });
        self
    }

    /// An executable in `/opt/extensions`: its file name is its name. The variables are for it alone, beside those of
    /// the function; each extension also has `MISRULE_LOCAL=true`, so that it can tell this from Lambda, and in `TMPDIR` a folder
    /// that a reset leaves as it is, as Lambda leaves /tmp.
    pub fn extension<'a>(
        mut self,
        path: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.settings.extensions.insert(name.clone());
        self.extensions.push(ExtensionProgram { name, path, environment });
        self
    }

    /// The program that starts the runtime: `AWS_LAMBDA_EXEC_WRAPPER`.
    pub fn wrapper(mut self, path: impl Into<PathBuf>) -> Self {
        self.wrapper = Some(path.into());
        self
    }

    /// A variable of the function's configuration. Runtime and extensions both have it, as on Lambda.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The handler in `_HANDLER` and in the answer to `register`.
    pub fn handler(mut self, handler: impl Into<String>) -> Self {
        self.settings.handler = handler.into();
        self
    }

    /// The folder of the function's code: `LAMBDA_TASK_ROOT`, and the runtime's working directory.
    pub fn task_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.task_root = Some(path.into());
        self
    }

    /// The region; `us-east-1` by default.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// The function's timeout; 3 s by default, as on Lambda.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long init may take; 10 s by default, as on Lambda.
    pub fn init_timeout(mut self, timeout: Duration) -> Self {
        self.init_timeout = timeout;
        self
    }

    /// The memory that the function is told it has, in MB; 128 by default. It is not enforced.
    pub fn memory_mb(mut self, memory: u32) -> Self {
        self.memory_mb = memory;
        self
    }

    /// Lambda Managed Instances with this many invocations at once.
    pub fn managed_instances(mut self, concurrency: usize) -> Self {
        self.settings.managed = Some(concurrency);
        self
    }

    /// SnapStart: the snapshot is taken at [`start`](Self::start), and the first invocation restores it.
    pub fn snap_start(mut self) -> Self {
        self.settings.snap_start = true;
        self
    }

    /// How fast a streamed answer is read after its first 6 MiB, in bytes for each second; 2 MiB by default.
    pub fn stream_rate(mut self, bytes: u64) -> Self {
        self.settings.stream_rate = bytes.max(1);
        self
    }

    /// Called with each line that a process writes, as it comes.
    pub fn on_output(mut self, listener: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Called with each line that Lambda itself would write of an invocation: START, END and REPORT.
    pub fn on_report(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(listener));
        self
    }

    /// Keeps a record of the requests that reach the Runtime API; by default there is none.
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// Starts extensions, then the runtime, and waits until all of them are ready.
    ///
    /// # Errors
    /// Where a program cannot be started, ends or fails during init, or is not ready in time.
    pub async fn start(self) -> Result<Function, StartError> {
        let function = self.cold()?;
        function.environment().await?;
        Ok(function)
    }

    /// Starts nothing: the first invocation starts the environment, as on Lambda, and where init fails so does it.
    ///
    /// # Errors
    /// Where there is nothing to run, or no folder can be made.
    pub fn cold(self) -> Result<Function, StartError> {
        let Some(runtime) = self.runtime else { return Err(StartError::NoRuntime(self.settings.function_name)) };
        Ok(Function::new(Plan {
            settings: self.settings,
            runtime,
            wrapper: self.wrapper,
            extensions: self.extensions,
            task_root: self.task_root,
            memory_mb: self.memory_mb,
            environment: self.environment,
            tmp: tempfile::tempdir().map_err(StartError::Folder)?,
            init_timeout: self.init_timeout,
            output: Output::new(self.listener),
            report: self.report,
            recorder: Recorder::new(self.recording),
        }))
    }
}
