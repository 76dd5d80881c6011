//! `misrule resume`: what was halted goes on.

use misrule_engine::experiment::Ends;

use crate::appconfig::{Connection, Destination, Published, Resumed, Rollout, Service};
use crate::failure::Failure;
use crate::fleet::{self, Row};
use crate::interruption::{self, Work};
use crate::printer::Printer;
use crate::surroundings;

/// Deploy again what a halt stopped
///
/// The version that was in force before the halt, byte for byte, for as long as it has not ended: a halt does not move its end. Where no
/// halt is in force nothing is deployed. An experiment that was stopped on its way was not in force: it is told of, and not resumed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    /// Say each call that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    rollout: Rollout,
    #[command(flatten)]
    connection: Connection,
}

/// Resumes; version and deployment go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let opening = arguments.connection.open_as(printer, arguments.dry_run);
    let resuming = async |services: &[Service<'_>]| resume(arguments, services, printer).await;
    interruption::heeded(Work::Experiment, &arguments.to, opening, resuming).await
}

async fn resume(arguments: &Arguments, services: &[Service<'_>], printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let rows = fleet::at_once(services.iter().collect(), async |service: &Service<'_>| {
        let target = service.find(&arguments.to).await?;
        service.caller().await;
        let resumed = service.resume(&target, &arguments.rollout, now).await?;
        Ok(tell(service, &resumed, &arguments.to))
    });
    fleet::tell(printer, services, &["version", "deployment"], rows.await)
}

fn tell(service: &Service<'_>, resumed: &Resumed, to: &Destination) -> Row {
    let Resumed { published: Published { version, deployment }, experiment } = resumed;
    if service.rehearses() {
        return fleet::rehearsed(service);
    }
    let ends = match experiment.ends {
        Ends::At(end) => format!("it ends at {end} unless halted before"),
        Ends::After(_) => "it says no end".to_owned(),
    };
    service.say(format_args!("resumed `{}` at {to}: {ends}", experiment.name));
    Row {
        outcome: "resumed",
        cells: vec![version.to_string(), deployment.to_string()],
        line: format!("version {version} deployment {deployment}"),
    }
}
