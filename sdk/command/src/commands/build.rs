//! `misrule build`: from a policy crate to a component.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::compile::{Built, PolicyCrate};
use crate::failure::{Explain, Failure};
use crate::printer::Printer;

/// Compile a policy crate to a component
///
/// Needs cargo and the target wasm32-unknown-unknown: `rustup target add wasm32-unknown-unknown`, or a toolchain that has it in
/// RUSTUP_TOOLCHAIN.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The crate's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
    /// Where to write the component; by default NAME.wasm beside Cargo.toml
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Builds and checks the component; where it lies goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let policy = PolicyCrate::open(&arguments.path, printer)?;
    let compiled = policy.build(printer)?;
    let built = Built::from_module(&read(&compiled.module)?, &compiled.provenance)?;
    let beside = || arguments.path.join(format!("{}.wasm", policy.name()));
    let output = arguments.output.clone().unwrap_or_else(beside);
    write(&output, &built.component)?;
    printer.data(output.display());
    report(&built, printer);
    built.unsupported.iter().for_each(|warning| printer.warn(warning));
    printer
        .say(format_args!("source sha256 {}, compiled by {}", compiled.provenance.source, compiled.provenance.rustc));
    Ok(())
}

fn report(built: &Built, printer: &Printer) {
    printer.say(format_args!("{} bytes, sha256 {}", built.component.len(), built.digest()));
    for (interface, functions) in &built.used {
        let functions: Vec<_> = functions.iter().map(String::as_str).collect();
        printer.say(format_args!("uses {interface}: {}", functions.join(", ")));
    }
}

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} `{}`", path.display())]
struct FileError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Explain for FileError {}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError { what: "read", path: path.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    fs::write(path, content).map_err(|source| FileError { what: "write", path: path.to_owned(), source })
}
