//! `misrule demo`: an experiment on two regions, from its hypothesis to its verdict, on this machine.

use std::path::{Path, PathBuf};

use misrule_engine::experiment::Experiment;

use crate::demo::course::{Course, Experience};
use crate::demo::programs::Programs;
use crate::demo::stage::{EXPERIMENT, Stage};
use crate::demo::{DemoError, clients, judgement, picture, scale, table};
use crate::failure::Failure;
use crate::interruption;
use crate::printer::Printer;

/// See an experiment at work, on this machine
///
/// Two regions of one health-checked API, each with a function on the official Rust runtime client, the layer's extension
/// on it, a local Lambda and a local AppConfig; latency-based DNS with health checks as Route 53 has them, at thirty times
/// its pace; ten clients. The hypothesis, the steady state, an outage of us-east-1, halt, recovery. Fails unless
/// everything was seen that was promised. Takes about 30 seconds; with -v it shows the layers' logs.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Let two clients bypass DNS: the hypothesis does not hold
    #[arg(long)]
    broken: bool,
    /// Where to draw the timeline, as SVG; by default misrule-demo.svg, under target/ for `cargo demo`
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Goes through the experiment, unless a signal comes first; the summary goes to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    tokio::select! {
        // Whatever runs ends with the experiment's future. Its processes are in groups of their own, so no signal of a
        // terminal reaches them.
        signal = interruption::received() => Err(DemoError::Interrupted { signal }.into()),
        shown = show(arguments, printer) => shown,
    }
}

async fn show(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let place = picture::place(arguments.picture.as_ref())?;
    let hypothesis = hypothesis()?;
    let programs = Programs::find(printer).await?;
    let stage = Stage::set_up(&programs, printer).await?;
    let pinned = if arguments.broken { clients::PINNED } else { 0 };
    introduce(&hypothesis, pinned, printer);
    let experience = Course::new(&stage, printer).run(pinned).await?;
    drop(stage);
    conclude(&experience, &hypothesis, &place, printer)
}

/// The experiment's own words.
fn hypothesis() -> Result<String, DemoError> {
    let experiment = Experiment::from_toml(EXPERIMENT);
    let experiment = experiment.map_err(|error| DemoError::Stage("the experiment", error.into()))?;
    Ok(experiment.hypothesis.unwrap_or_default())
}

fn introduce(hypothesis: &str, pinned: usize, printer: &Printer) {
    let (us, eu) = (clients::IN_THE_US, clients::IN_THE_EU);
    printer.say(format_args!("two regions of one API; {us} clients nearest to us-east-1, {eu} to eu-west-1"));
    printer.say(format_args!(
        "DNS as Route 53's, but {} times faster: a health check every {:.2} s for {} s, {} in a row count; answers are kept {:.0} s for {} s",
        scale::SCALE,
        scale::CHECK_INTERVAL.here().as_secs_f64(),
        scale::CHECK_INTERVAL.0,
        scale::THRESHOLD,
        scale::TTL.here().as_secs_f64(),
        scale::TTL.0,
    ));
    if pinned > 0 {
        printer.say(format_args!("{pinned} clients in the US never ask DNS: us-east-1's address is built into them"));
    }
    printer.say(format_args!("hypothesis: {hypothesis}"));
    printer.say(format_args!("  judged by: {}", judgement::criteria()));
}

/// The tables, the picture, and whether all was as promised.
fn conclude(experience: &Experience, hypothesis: &str, place: &Path, printer: &Printer) -> Result<(), Failure> {
    let findings = judgement::findings(experience);
    let picture = picture::draw(experience, &findings, hypothesis);
    std::fs::write(place, picture).map_err(|error| DemoError::Picture(place.to_owned(), error))?;
    printer.say("");
    table::phases(experience).into_iter().for_each(|line| printer.data(line));
    printer.data("");
    table::findings(&findings).into_iter().for_each(|line| printer.data(line));
    let verdict = if judgement::held(&findings) { "held" } else { "does not hold" };
    printer.data(format_args!("\nhypothesis: {verdict}\npicture: {}", place.display()));
    Ok(judgement::verdict(&findings)?)
}
