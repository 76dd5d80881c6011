//! `misrule bundle`: what `publish` would upload, as a file.

use std::path::{Path, PathBuf};

use misrule_engine::delivery::Form;
use misrule_engine::experiment::PublishedTo;

use crate::content::{Draft, LARGEST, Prepared};
use crate::failure::{Explain, Failure};
use crate::key_file::Signing;
use crate::printer::Printer;
use crate::surroundings;

/// Make what publish would upload, as a file
///
/// Everything is checked as `misrule publish` does. An experiment of ready-made policies that nobody signs is plain JSON,
/// every other one a bundle. Where it is published to is part of what is signed: a layer elsewhere refuses it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The experiment
    #[arg(value_name = "EXPERIMENT.TOML")]
    experiment: PathBuf,
    #[command(flatten)]
    signing: Signing,
    /// Where to write it; by default the experiment's name with .zip, or .json, here
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The region that it is meant for, or several; by default those of its blast radius
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',')]
    regions: Vec<String>,
    /// The account that it is meant for, or several; by default any
    #[arg(long = "account", value_name = "ACCOUNT", value_delimiter = ',')]
    accounts: Vec<String>,
    /// The AppConfig environment that it is meant for, by name or id, or several; by default any
    #[arg(long = "environment", value_name = "ENV", value_delimiter = ',')]
    environments: Vec<String>,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", path.display())]
struct FileError {
    path: PathBuf,
    source: std::io::Error,
}

impl Explain for FileError {}

/// Makes the file; where it lies goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let draft = Draft::read(&arguments.experiment, now)?.unpacked()?.signed(arguments.signing.key(printer)?)?;
    let prepared = draft.prepare(&arguments.published_to(), now)?;
    prepared.warnings().into_iter().chain(draft.warnings()).for_each(|warning| printer.warn(warning));
    for region in &arguments.regions {
        draft.warning_in(region).into_iter().for_each(|warning| printer.warn(warning));
    }
    let output = arguments.output.clone().unwrap_or_else(|| default_output(&prepared));
    write(&output, &prepared.content.bytes)?;
    printer.data(output.display());
    report(&prepared, printer);
    Ok(())
}

impl Arguments {
    fn published_to(&self) -> PublishedTo {
        let Self { accounts, regions, environments, .. } = self;
        PublishedTo { accounts: accounts.clone(), regions: regions.clone(), environments: environments.clone() }
    }
}

fn default_output(prepared: &Prepared) -> PathBuf {
    format!("{}.{}", prepared.name, if prepared.form == Form::Bundle { "zip" } else { "json" }).into()
}

fn report(prepared: &Prepared, printer: &Printer) {
    let bytes = prepared.content.bytes.len();
    let share = bytes * 100 / LARGEST;
    printer.say(format_args!("{bytes} bytes, {share} % of what AppConfig takes; sha256 {}", prepared.digest));
    match prepared.signature.key() {
        Some(key) => printer.say(format_args!("signed by key `{key}`")),
        None => printer.say("not signed: a layer with MISRULE_PUBLIC_KEY does not arm it"),
    }
    printer.say(format_args!("`{}` ends at {}", prepared.name, prepared.ends));
    prepared.in_vain.iter().for_each(|warning| printer.warn(warning));
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    std::fs::write(path, content).map_err(|source| FileError { path: path.to_owned(), source })
}
