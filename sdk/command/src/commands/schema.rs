//! `misrule schema`: what a profile of plain JSON may hold.

use misrule_engine::experiment::json_schema;

use crate::failure::Failure;
use crate::printer::Printer;

/// Print the JSON Schema of what plain JSON may say
///
/// JSON Schema draft 4, as AppConfig's validators take it: an experiment as it is published, or a halt. `misrule publish --validator` puts it
/// on a configuration profile.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Prints; the schema goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(_: &Arguments, printer: &Printer) -> Result<(), Failure> {
    printer.data(format_args!("{:#}", json_schema()));
    Ok(())
}
