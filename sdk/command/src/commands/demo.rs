//! `misrule demo`: an experiment on a function, from publishing to halting, on this machine.

use crate::demo::phases::PHASES;
use crate::demo::stage::Stage;
use crate::demo::{DemoError, table};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::surroundings;

/// See an experiment at work, on this machine
///
/// Starts a function on the official Rust runtime client with the layer's extension on it, behind a local Lambda and a
/// local AppConfig, and sends it traffic. Then: steady state, an outage of one path, latency on another, halt. Fails
/// unless clients saw in each phase what it says. Takes about 20 seconds; with -v it shows the layer's log.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Plays each phase; the summary goes to stdout.
pub(crate) async fn run(_arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let stage = Stage::set_up(printer).await?;
    let mut outcomes = Vec::new();
    for phase in PHASES {
        let outcome = phase.play(&stage, surroundings::now(), printer).await?;
        printer.say(table::line(&outcome));
        outcomes.push(outcome);
    }
    printer.data("");
    table::table(&outcomes).into_iter().for_each(|line| printer.data(line));
    printer.data(format_args!(
        "\nexecution environments started: {}; the function was never restarted or redeployed",
        stage.starts()
    ));
    let broken: Vec<_> = outcomes.iter().filter(|outcome| !outcome.kept).map(|outcome| outcome.name).collect();
    if broken.is_empty() && stage.starts() == 1 { Ok(()) } else { Err(DemoError::Promise(broken).into()) }
}
