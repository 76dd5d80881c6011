//! `misrule new`: a policy crate to start from.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::printer::Printer;
use crate::scaffold::{self, CrateName};

/// Make a policy crate
///
/// It builds anywhere, outside any checkout: the SDK's sources come with it, in `.misrule`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The crate's name, and the policy's
    name: String,
    /// Where to make it; by default a folder of its name
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Makes the crate; its folder goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let name: CrateName = arguments.name.parse()?;
    let folder = arguments.path.clone().unwrap_or_else(|| name.as_str().into());
    scaffold::write(&name, &folder)?;
    printer.data(folder.display());
    printer.say(format_args!("made the policy `{name}`: edit src/lib.rs, then `cargo test` and `misrule build` there"));
    Ok(())
}
