//! `misrule status`: what is in force.

use std::fmt::Display;

use misrule_engine::experiment::{Ends, Experiment};
use misrule_engine::time::Timestamp;

use crate::appconfig::{Connection, Delivered, Deployed, Destination, Service};
use crate::failure::Failure;
use crate::fleet;
use crate::opened;
use crate::printer::Printer;
use crate::surroundings;

/// Say what is deployed
///
/// Tells of each region which experiment is in force, the key that its signature names (it is not judged), its version and digest, by whom and since when it is, and when it ends; or that it
/// is halted, or that nothing is deployed. A deployment that is under way is told with its share.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    #[command(flatten)]
    connection: Connection,
}

/// Asks; how it stands goes to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let services = arguments.connection.open(printer).await?;
    let pages = fleet::at_once(services.iter().collect(), async |service: &Service<'_>| {
        let target = service.find(&arguments.to).await?;
        let (in_force, under_way) = service.standing(&target).await?;
        Ok(page(in_force.as_ref(), under_way.as_ref(), now))
    });
    fleet::tell_pages(printer, &services, pages.await)
}

fn page(in_force: Option<&Deployed>, under_way: Option<&Deployed>, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    match in_force {
        None => lines.push(row("state", "nothing is deployed")),
        Some(deployed) => {
            lines.push(row("state", state(deployed, now)));
            lines.extend(about(deployed));
            lines.extend(deployed.since.map(|since| row("since", since)));
            lines.extend(deployed.by.as_ref().map(|by| row("by", by)));
        }
    }
    if let Some(deployed) = under_way {
        let (word, percent) = &deployed.state;
        lines.push(row("under way", format_args!("{word}, {percent:.0} %")));
        lines.extend(about(deployed).into_iter().map(|line| format!("  {line}")));
    }
    lines
}

fn row(name: &str, value: impl Display) -> String {
    format!("{name:<11} {value}")
}

fn state(deployed: &Deployed, now: Timestamp) -> String {
    match (&deployed.delivered, &deployed.elsewhere) {
        (Delivered::Halt, _) => "halted".to_owned(),
        (Delivered::Other, _) => "no experiment: every layer refuses it".to_owned(),
        (Delivered::Experiment(experiment), _) if experiment.check(now).is_err() => "over".to_owned(),
        (Delivered::Experiment(_), Some(elsewhere)) => {
            format!("not in force, every layer here refuses it: {elsewhere}")
        }
        (Delivered::Experiment(experiment), None) if experiment.starts.is_some_and(|starts| now < starts) => {
            "yet to start".to_owned()
        }
        (Delivered::Experiment(_), None) => "in force".to_owned(),
    }
}

fn about(deployed: &Deployed) -> Vec<String> {
    let Deployed { number, version, digest, key, damage, delivered, .. } = deployed;
    let mut lines = Vec::new();
    if let Delivered::Experiment(experiment) = delivered {
        lines.push(row("experiment", &experiment.name));
        lines.extend(ends(experiment).map(|ends| row("ends", ends)));
        lines.push(row("signature", opened::signature(*key)));
        lines.extend(damage.as_ref().map(|damage| row("damaged", damage)));
    }
    lines.push(row("version", format_args!("{version} sha256 {digest}")));
    lines.push(row("deployment", number));
    lines
}

fn ends(experiment: &Experiment) -> Option<Timestamp> {
    match experiment.ends {
        Ends::At(end) => Some(end),
        Ends::After(_) => None,
    }
}
