//! `misrule history`: what was deployed.

use std::num::NonZeroUsize;

use crate::appconfig::{Connection, Destination, Past, Service};
use crate::failure::Failure;
use crate::fleet;
use crate::printer::Printer;
use crate::table;

/// Say what was deployed
///
/// The deployments of the configuration profile in the environment, the newest first: number, state, version, when it started, its
/// description, and where it was taken back, by whom and why.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    /// How many, at most
    #[arg(long, value_name = "COUNT", default_value = "10", value_parser = count)]
    last: NonZeroUsize,
    #[command(flatten)]
    connection: Connection,
}

fn count(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number from 1 on")
}

/// Asks; a table goes to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let services = arguments.connection.open(printer).await?;
    let pages = fleet::at_once(services.iter().collect(), async |service: &Service<'_>| {
        let target = service.find(&arguments.to).await?;
        let (past, all) = service.past(&target, arguments.last.get()).await?;
        if past.len() < all {
            service.say(format_args!("the newest {} of {all} deployments: `--last {all}` tells of all", past.len()));
        }
        Ok(page(&past))
    });
    fleet::tell_pages(printer, &services, pages.await)
}

fn page(past: &[Past]) -> Vec<String> {
    if past.is_empty() {
        return vec!["nothing was deployed".to_owned()];
    }
    let headings = ["deployment", "state", "version", "started", "what", "taken back"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    rows.extend(past.iter().map(|it| {
        let started = it.started.map(|started| started.to_string()).unwrap_or_default();
        let undone = it.undone.clone().unwrap_or_default();
        vec![it.number.to_string(), it.state.clone(), it.version.clone(), started, it.description.clone(), undone]
    }));
    table::aligned(&rows, &[0, 2])
}
