//! `misrule publish`: an experiment to every layer that listens, through AppConfig.

use std::path::PathBuf;
use std::time::Duration;

use crate::appconfig::{Connection, Destination};
use crate::content::Draft;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::surroundings;

/// Publish an experiment through AWS AppConfig
///
/// Everything is checked before anything is sent: the experiment, its policies and their settings. The application,
/// environment and configuration profile must exist. AppConfig runs one deployment at a time in an environment: another one's end
/// is waited for. Returns once AppConfig says that the deployment is complete.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The experiment
    #[arg(value_name = "EXPERIMENT.TOML")]
    experiment: PathBuf,
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    /// How long to wait for the end of a deployment that is under way there
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
    #[command(flatten)]
    connection: Connection,
}

/// Publishes; version, deployment and digest go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let draft = Draft::read(&arguments.experiment, now)?;
    let service = arguments.connection.open().await?;
    let experiment = draft.prepare(service.region(), now)?;
    draft.warnings(service.region()).into_iter().for_each(|warning| printer.warn(warning));
    let target = service.find(&arguments.to).await?;
    service.until_free(&target, Duration::from_secs(arguments.wait), printer).await?;
    let published = service.publish(&target, &experiment.content, printer).await?;
    printer.say(format_args!(
        "published `{}` to {}: it ends at {} unless halted before",
        experiment.name, arguments.to, experiment.ends
    ));
    printer.data(format_args!(
        "version {} deployment {} sha256 {}",
        published.version, published.deployment, experiment.digest
    ));
    Ok(())
}
