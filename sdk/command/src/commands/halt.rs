//! `misrule halt`: nothing may inject any more.

use std::time::Duration;

use misrule_engine::experiment::{Ends, Experiment};
use misrule_engine::time::Timestamp;

use crate::appconfig::{Connection, Destination, Halted, Halting, Others, Patience, Published, Service};
use crate::failure::Failure;
use crate::fleet::{self, Row};
use crate::interruption::{self, Work};
use crate::printer::Printer;
use crate::surroundings;

/// How often a layer asks that AppConfig tells nothing else
/// (<https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html>).
const POLLS_EVERY: Duration = Duration::from_secs(60);
/// How soon a halt is felt.
const HOW_SOON: &str = "each environment stops with the first invocation after its next poll; polls are 60 s apart unless \
                        AppConfig says otherwise";

/// Stop an experiment
///
/// Stops its deployment where one is under way, then publishes a halt to the same place, to everyone at once; where a halt is in
/// force already nothing is deployed. AppConfig runs one deployment
/// at a time in an environment: that of another profile is waited for, or stopped with `--stop-others`. Alarms that AppConfig
/// watches there are taken off meanwhile and put back, so that none that fires takes the halt back. Each execution environment stops
/// with the first invocation after its next poll, also in the middle of a delay. It polls when an invocation arrives and the
/// time is over that AppConfig named in its last answer, or 60 seconds where it named none; an environment without
/// invocations injects nothing anyway.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    /// How long to wait for the end of another profile's deployment that is under way in the environment
    #[arg(long, value_name = "TIME", default_value = "10m", conflicts_with = "stop_others")]
    wait: Patience,
    /// Stop the deployment of another profile rather than wait for its end; AppConfig then takes it back
    #[arg(long)]
    stop_others: bool,
    /// Say each call that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Halts; version and deployment go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let opening = arguments.connection.open_as(printer, arguments.dry_run);
    let halting = async |services: &[Service<'_>]| halt(arguments, services, printer).await;
    interruption::heeded(Work::Halt, &arguments.to, opening, halting).await
}

async fn halt(arguments: &Arguments, services: &[Service<'_>], printer: &Printer) -> Result<(), Failure> {
    let rows = fleet::at_once(services.iter().collect(), async |service: &Service<'_>| {
        let halting = service.halt(&arguments.to, arguments.others()).await?;
        Ok(tell(service, &halting, &arguments.to))
    });
    fleet::tell(printer, services, &["version", "deployment"], rows.await)
}

impl Arguments {
    fn others(&self) -> Others {
        if self.stop_others { Others::Stop } else { Others::WaitFor(self.wait) }
    }
}

fn tell(service: &Service<'_>, halting: &Halting, to: &Destination) -> Row {
    let row = |outcome, Published { version, deployment }: Published| Row {
        outcome,
        cells: vec![version.to_string(), deployment.to_string()],
        line: format!("version {version} deployment {deployment}"),
    };
    match halting {
        Halting::Already(published) => {
            service.say(format_args!("a halt is in force at {to} already: nothing was deployed"));
            row("already halted", *published)
        }
        Halting::Done(_) if service.rehearses() => fleet::rehearsed(service),
        Halting::Done(Halted { published, experiments }) => {
            service.say(format_args!("halted {to}: {HOW_SOON}"));
            slowest(experiments, surroundings::now()).into_iter().for_each(|line| service.say(line));
            row("halted", *published)
        }
    }
}

/// When even the slowest environment has stopped: that of the experiment which may be oldest there, or ends last.
fn slowest(experiments: &[Experiment], now: Timestamp) -> Option<String> {
    let until = |experiment: &Experiment, after: Duration| match experiment.ends {
        Ends::At(end) => end.min(now.plus(after)),
        Ends::After(_) => now.plus(after),
    };
    let cut_off = |experiment: &Experiment| until(experiment, experiment.blast_radius.max_age);
    let slowest = experiments.iter().max_by_key(|&experiment| cut_off(experiment))?;
    let (polled, cut_off, name) = (until(slowest, POLLS_EVERY), cut_off(slowest), &slowest.name);
    Some(if cut_off <= now {
        format!("`{name}` was over already: it injected nothing any more")
    } else if cut_off <= polled {
        format!("all have stopped by {cut_off}, when `{name}` is too old for them (`max_age`) or over")
    } else {
        format!(
            "the slowest has stopped by {polled}; one that cannot reach AppConfig by {cut_off}, when `{name}` is too old \
             for it (`max_age`) or over"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(name: &str, expires: &str, max_age: &str) -> Experiment {
        let json = format!(
            r#"{{ "name": "{name}", "expires": "{expires}", "policy": [{{ "use": "latency" }}],
                  "blast_radius": {{ "functions": ["*"], "max_age": "{max_age}" }} }}"#
        );
        Experiment::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_slowest_environment_is_told_from_the_experiments_own_numbers() {
        let now = Timestamp::from_milliseconds(0);
        let long = experiment("long", "1970-01-01T05:00:00Z", "10m");
        let short = experiment("short", "1970-01-01T00:00:30Z", "1h");
        let told = "the slowest has stopped by 1970-01-01T00:01:00Z; one that cannot reach AppConfig by \
                    1970-01-01T00:10:00Z, when `long` is too old for it (`max_age`) or over";
        assert_eq!(slowest(&[long, short.clone()], now).unwrap(), told);
        let ending = "all have stopped by 1970-01-01T00:00:30Z, when `short` is too old for them (`max_age`) or over";
        assert_eq!(slowest(std::slice::from_ref(&short), now).unwrap(), ending);
        let stale = experiment("short", "1970-01-01T05:00:00Z", "30s");
        assert_eq!(slowest(&[stale], now).unwrap(), ending);
        let over = slowest(&[short], Timestamp::from_milliseconds(30_000)).unwrap();
        assert_eq!(over, "`short` was over already: it injected nothing any more");
        assert_eq!(slowest(&[], now), None);
    }
}
