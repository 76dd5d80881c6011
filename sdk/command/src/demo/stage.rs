//! What stands while the demo runs: real processes around local stand-ins for Lambda and AppConfig.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use misrule_local::appconfig::{AppConfig, NothingDeployed};
use misrule_local::front::Front;
use misrule_local::function::{Function, Line};
use tokio::process::Command;

use super::DemoError;
use crate::printer::Printer;
use crate::surroundings;

/// Where the demo publishes to.
pub(crate) const PLACE: &str = "demo/prod/faults";
const EXTENSION: &str = "misrule-extension";
const WRAPPER: &str = "misrule-wrapper";
const FUNCTION: &str = "misrule-local-function";

/// Everything that the demo needs; it all ends when this is dropped.
pub(crate) struct Stage {
    appconfig: AppConfig,
    function: Arc<Function>,
    front: Front,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Builds the programs where this is a checkout, and starts everything.
    pub(crate) async fn set_up(printer: &Printer) -> Result<Self, DemoError> {
        let programs = programs(printer).await?;
        let folder = tempfile::tempdir().map_err(|error| DemoError::Stage("a folder", error.into()))?;
        let appconfig =
            AppConfig::serve().await.map_err(|error| DemoError::Stage("a local AppConfig", error.into()))?;
        appconfig.create("demo", "prod", "faults");
        appconfig.set_poll_interval(Duration::from_secs(1));
        // With an answer comes an interval; with a refusal a layer waits for a minute.
        appconfig.set_nothing_deployed(NothingDeployed::Empty);
        let function = function(&programs, &appconfig, printer.is_verbose()).await?;
        let front = Front::serve(Arc::clone(&function)).await;
        let front = front.map_err(|error| DemoError::Stage("an HTTP front", error.into()))?;
        Ok(Self { appconfig, function, front, folder })
    }

    /// Where clients reach the function.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.front.address()
    }

    /// How often the layer started: once, unless the environment was made anew.
    pub(crate) fn starts(&self) -> usize {
        self.function.output().iter().filter(|line| line.text.contains(r#""misrule":"start""#)).count()
    }

    /// Writes an experiment to a file and publishes it as a user would.
    pub(crate) async fn publish(&self, name: &str, experiment: &str, printer: &Printer) -> Result<(), DemoError> {
        let file = self.folder.path().join(name);
        std::fs::write(&file, experiment).map_err(|error| DemoError::Stage("an experiment's file", error.into()))?;
        printer.say(format_args!("  $ misrule publish {name} --to {PLACE}"));
        self.misrule(&["publish", &file.to_string_lossy(), "--to", PLACE]).await
    }

    /// Halts as a user would.
    pub(crate) async fn halt(&self, printer: &Printer) -> Result<(), DemoError> {
        printer.say(format_args!("  $ misrule halt --to {PLACE}"));
        self.misrule(&["halt", "--to", PLACE]).await
    }

    /// This very program, pointed at the local AppConfig with credentials that are worth nothing.
    async fn misrule(&self, arguments: &[&str]) -> Result<(), DemoError> {
        let program = std::env::current_exe().map_err(|error| DemoError::Stage("a command", error.into()))?;
        let mut command = Command::new(program);
        command.arg("--quiet").args(arguments).args([
            "--region",
            "us-east-1",
            "--endpoint-url",
            &self.appconfig.endpoint(),
        ]);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local").env_remove("AWS_PROFILE");
        let status = command.stdout(Stdio::null()).kill_on_drop(true).status().await;
        let status = status.map_err(|error| DemoError::Stage("a command", error.into()))?;
        if status.success() { Ok(()) } else { Err(DemoError::Command(arguments[0].to_owned())) }
    }
}

/// The demo's programs stand beside this one; where cargo runs it, cargo first brings them up to date.
async fn programs(printer: &Printer) -> Result<PathBuf, DemoError> {
    let here = std::env::current_exe().map_err(|error| DemoError::Stage("the demo's programs", error.into()))?;
    let folder = here.parent().unwrap_or(Path::new(".")).to_owned();
    if surroundings::run_by_cargo() {
        printer.say("building the extension and the demo's function");
        let mut cargo = Command::from(surroundings::cargo());
        cargo.arg("build").args([EXTENSION, WRAPPER, FUNCTION].iter().flat_map(|name| ["--bin", name]));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.status().await.map_err(|error| DemoError::Stage("the demo's programs", error.into()))?;
        built.success().then_some(()).ok_or(DemoError::Build)?;
    }
    let names = [EXTENSION, WRAPPER, FUNCTION];
    match names.iter().map(|name| folder.join(name)).find(|program| !program.exists()) {
        Some(missing) => Err(DemoError::NoProgram(missing)),
        None => Ok(folder),
    }
}

/// The function with the layer on it. An extension's name is its file's.
async fn function(programs: &Path, appconfig: &AppConfig, verbose: bool) -> Result<Arc<Function>, DemoError> {
    let port = free_port().map_err(|error| DemoError::Stage("a free port", error.into()))?;
    let source = format!("appconfig:{PLACE}");
    let builder = Function::builder("health-api")
        .runtime(programs.join(FUNCTION), [])
        .extension(programs.join(EXTENSION), [])
        .wrapper(programs.join(WRAPPER))
        .env("MISRULE_SOURCE", source)
        .env("MISRULE_PORT", port.to_string())
        .env("AWS_ENDPOINT_URL", appconfig.endpoint())
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .on_output(move |line: &Line| tell(line, verbose));
    let function = builder.start().await.map_err(|error| DemoError::Stage("the function", error.into()))?;
    Ok(Arc::new(function))
}

/// A port that nobody has now. The layer's own is free on Lambda, but perhaps not here.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn tell(line: &Line, verbose: bool) {
    if verbose {
        Printer::aside(format_args!("    {}: {}", line.origin, line.text));
    }
}
