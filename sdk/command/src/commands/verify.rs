//! `misrule verify`: whether a layer with this key would take a bundle.

use std::path::PathBuf;

use misrule_engine::experiment::ExperimentError;

use crate::failure::{Explain, Failure};
use crate::key_file::PublicKeys;
use crate::opened::Opened;
use crate::printer::Printer;
use crate::surroundings;

/// Check who signed a bundle, and that nothing was changed since
///
/// Holds the signature against the key, and every file of the bundle against its digest. Exits with 1 where a layer with this
/// key would not take it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The bundle's file
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The public key, or two with a comma: the value of MISRULE_PUBLIC_KEY
    #[arg(long, value_name = "KEY")]
    public_key: PublicKeys,
}

/// Verifies; which key signed and the bundle's digest go to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let Opened { digest, listing, .. } = Opened::verified(&arguments.bundle, &arguments.public_key.0)?;
    let key = listing.key.map(|key| key.to_string()).unwrap_or_default();
    printer.data(format_args!("key {key} sha256 {digest}"));
    let experiment = &listing.experiment;
    printer.say(format_args!("`{}` holds `{}`, as it was signed", arguments.bundle.display(), experiment.name));
    experiment.check(surroundings::now()).map_err(Unarmed)?;
    Ok(())
}

/// It is as it was signed, and still no layer arms it.
#[derive(Debug, thiserror::Error)]
#[error("no layer arms it any more")]
struct Unarmed(#[source] ExperimentError);

impl Explain for Unarmed {
    fn hint(&self) -> Option<String> {
        Some("make it again of its TOML with another end: `misrule bundle --key FILE`".to_owned())
    }
}
