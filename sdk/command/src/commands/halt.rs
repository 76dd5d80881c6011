//! `misrule halt`: nothing may inject any more.

use crate::appconfig::{Connection, Destination, Published, Service};
use crate::failure::Failure;
use crate::fleet::{self, Row};
use crate::printer::Printer;

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
    /// Say each call that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Halts; version and deployment go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let services = arguments.connection.open_as(printer, arguments.dry_run).await?;
    let rows = fleet::at_once(services.iter().collect(), async |service: &Service<'_>| {
        let target = service.find(&arguments.to).await?;
        let published = service.halt(&target).await?;
        Ok(tell(service, &published, &arguments.to))
    });
    fleet::tell(printer, &services, &["version", "deployment"], rows.await)
}

fn tell(service: &Service<'_>, Published { version, deployment }: &Published, to: &Destination) -> Row {
    if service.rehearses() {
        return fleet::rehearsed(service);
    }
    service.say(format_args!("halted {to}: {HOW_SOON}"));
    Row {
        outcome: "halted",
        cells: vec![version.to_string(), deployment.to_string()],
        line: format!("version {version} deployment {deployment}"),
    }
}
