//! `misrule halt`: nothing may inject any more.

use crate::appconfig::{Connection, Content, Destination};
use crate::failure::Failure;
use crate::printer::Printer;

/// What tells every layer to stop: the one delivery that needs no signature.
const HALT: &[u8] = br#"{"halt": true}"#;

/// How soon a halt is felt: AppConfig's answers say when to ask again, and a layer that is not told asks after 60 seconds
/// (<https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html>).
const HOW_SOON: &str = "each environment stops with the first invocation after its next poll; polls are 60 s apart unless \
                        AppConfig says otherwise";

/// Stop an experiment
///
/// Stops its deployment where one is under way, then publishes a halt to the same place. Each execution environment stops
/// with the first invocation after its next poll, also in the middle of a delay. It polls when an invocation arrives and the
/// time is over that AppConfig named in its last answer, or 60 seconds where it named none; an environment without
/// invocations injects nothing anyway.
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
    printer.say(format_args!("halted {}: {HOW_SOON}", arguments.to));
    printer.data(format_args!("version {} deployment {}", published.version, published.deployment));
    Ok(())
}
