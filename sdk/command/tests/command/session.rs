//! Runs the command in a folder of its own, with surroundings that are the same everywhere.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A folder in which the command is run.
pub(crate) struct Session {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Session {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), settings: Vec::new() }
    }

    /// Sets an environment variable for what is run.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Writes a file into the folder.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the command; its exit code, stdout and stderr as one text.
    pub(crate) fn misrule(&self, arguments: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_misrule"));
        command.args(arguments.split_whitespace());
        self.run(&mut command, ".").told()
    }

    /// Starts the command, and lets it run.
    pub(crate) fn start(&self, arguments: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_misrule"));
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.surround(&mut command, ".").spawn().unwrap()
    }

    /// Runs any program in a folder of this one.
    pub(crate) fn run(&self, command: &mut Command, folder: &str) -> Run {
        Run::of(self.surround(command, folder).output().unwrap())
    }

    fn surround<'c>(&self, command: &'c mut Command, folder: &str) -> &'c mut Command {
        command.current_dir(self.path(folder)).env("NO_COLOR", "1").env("AWS_EC2_METADATA_DISABLED", "true");
        for name in OUTSIDE {
            command.env_remove(name);
        }
        for (kind, file) in [("AWS_CONFIG_FILE", "aws-config"), ("AWS_SHARED_CREDENTIALS_FILE", "aws-credentials")] {
            command.env(kind, self.path(file));
        }
        command.envs(self.settings.iter().cloned())
    }
}

/// What surrounds the tests and must not reach what they run. `LD_LIBRARY_PATH` is cargo's, for one toolchain only.
const OUTSIDE: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "LD_LIBRARY_PATH",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
];

/// How a program ended.
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// What came of a program that was run.
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { exit: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Exit code, stdout and stderr as one text.
    pub(crate) fn told(&self) -> String {
        format!("exit {}\n{}----\n{}", self.exit, self.stdout, self.stderr)
    }
}

/// Where crates that tests make are built: beside everything else that is built, so that the next run finds it.
pub(crate) fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies")
}

/// Names a test that cannot run here, on stderr and in the file that the project's test command reads.
pub(crate) fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    // Not `eprint!`, which the test harness keeps to itself.
    std::io::stderr().write_all(format!("SKIPPED {line}").as_bytes()).unwrap();
    if let Some(path) = std::env::var_os("MISRULE_SKIPPED") {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}
