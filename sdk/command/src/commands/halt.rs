//! `misrule halt`: nothing may inject any more.

use crate::appconfig::{Connection, Content, Destination};
use crate::failure::Failure;
use crate::printer::Printer;

/// What tells every layer to stop: the one delivery that needs no signature.
const HALT: &[u8] = br#"{"halt": true}"#;

/// Stop an experiment at once
///
/// Stops its deployment where one is under way, then publishes a halt to the same place. Each layer stops injecting when
/// it next asks AppConfig, also in the middle of a delay.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    #[command(flatten)]
    connection: Connection,
}

/// Halts; version and deployment go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let service = arguments.connection.open().await?;
    let target = service.find(&arguments.to).await?;
    if let Some(number) = service.stop(&target).await? {
        printer.say(format_args!("stopped deployment {number}"));
    }
    let description = "misrule: halt".to_owned();
    let halt = Content { bytes: HALT.to_vec(), media_type: "application/json", description };
    let published = service.publish(&target, &halt, printer).await?;
    printer.say(format_args!("halted {}", arguments.to));
    printer.data(format_args!("version {} deployment {}", published.version, published.deployment));
    Ok(())
}
