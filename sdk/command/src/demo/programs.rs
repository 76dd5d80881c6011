//! The programs that the demo runs. They stand beside this one.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::DemoError;
use crate::printer::Printer;
use crate::surroundings;

const EXTENSION: &str = "misrule-extension";
const WRAPPER: &str = "misrule-wrapper";
const FUNCTION: &str = "misrule-local-function";

/// The layer's two programs and the function.
pub(crate) struct Programs {
    pub(crate) extension: PathBuf,
    pub(crate) wrapper: PathBuf,
    pub(crate) function: PathBuf,
}

impl Programs {
    /// Where cargo runs this program, cargo first brings the others up to date.
    pub(crate) async fn find(printer: &Printer) -> Result<Self, DemoError> {
        let folder = folder()?;
        if surroundings::run_by_cargo() {
            printer.say("building the layer and the demo's function");
            build(&folder, printer).await?;
        }
        let program = |name| {
            let program = folder.join(name);
            if program.exists() { Ok(program) } else { Err(DemoError::NoProgram(program)) }
        };
        Ok(Self { extension: program(EXTENSION)?, wrapper: program(WRAPPER)?, function: program(FUNCTION)? })
    }
}

/// Where this program is.
pub(crate) fn folder() -> Result<PathBuf, DemoError> {
    let here = std::env::current_exe().map_err(|error| DemoError::Stage("the demo's programs", error.into()))?;
    Ok(here.parent().unwrap_or(Path::new(".")).to_owned())
}

async fn build(folder: &Path, printer: &Printer) -> Result<(), DemoError> {
    let mut cargo = Command::from(surroundings::cargo());
    cargo.arg("build").args([EXTENSION, WRAPPER, FUNCTION].iter().flat_map(|name| ["--bin", name]));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if printer.is_quiet() {
        cargo.arg("--quiet");
    }
    let built = cargo.kill_on_drop(true).status().await;
    let built = built.map_err(|error| DemoError::Stage("the demo's programs", error.into()))?;
    built.success().then_some(()).ok_or(DemoError::Build)
}
