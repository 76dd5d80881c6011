//! `misrule report`: what happened, out of a function's log.

use std::collections::HashSet;

use crate::failure::Failure;
use crate::printer::Printer;
use crate::report::input::Input;
use crate::report::ledger::Ledger;
use crate::report::summary::Report;
use crate::report::{ReportError, page};

/// Say what happened, out of a function's log
///
/// Reads log lines and tells for each experiment version, policy and execution environment how often it was armed, acted, would
/// have acted in a dry run, was cut, refused or failed, which share of the invocations it touched and what delay it added. Where
/// nothing was armed or injected, it says so, and why that is likely.
///
/// A log may be plain lines, what `aws logs tail` shows, the JSON of `aws logs filter-log-events`, `get-log-events` or
/// `get-query-results`, the CSV that the console downloads, or an export to S3; packed with gzip or not. Lines of one log stream
/// must be in their order. A share needs Lambda's START or REPORT lines in the log, in either log format.
///
/// The exit code is 0 once the report was made, whatever it says.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files with log lines; `-` is standard input
    #[arg(value_name = "LOG", required = true)]
    logs: Vec<Input>,
    /// Report on this experiment only
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// Write the report as JSON
    #[arg(long)]
    json: bool,
}

/// Reads everything; the report goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let mut ledger = Ledger::default();
    let mut places = HashSet::new();
    for log in &arguments.logs {
        if places.insert(log.place()) {
            read(log, &mut ledger, printer)?;
        } else {
            printer.warn(format_args!("`{log}` is given twice: it is counted once"));
        }
    }
    if ledger.environments.is_empty() {
        let logs: Vec<_> = arguments.logs.iter().map(|log| format!("`{log}`")).collect();
        return Err(ReportError::Nothing(logs.join(", ")).into());
    }
    tell_what_was_read(&ledger, printer);
    let report = Report::of(&ledger, arguments.experiment.as_deref());
    if arguments.json {
        let json = serde_json::to_string_pretty(&report);
        printer.data(json.map_err(|source| Failure::own("cannot write the report as JSON", source))?);
    } else {
        page::lines(&report).into_iter().for_each(|line| printer.data(line));
    }
    Ok(())
}

fn read(log: &Input, ledger: &mut Ledger, printer: &Printer) -> Result<(), Failure> {
    let before = ledger.read;
    ledger.begin(&log.to_string());
    log.read(ledger)?;
    let events = ledger.read.events - before.events;
    if ledger.read.layer + ledger.read.lambda == before.layer + before.lambda {
        printer.say(format_args!("`{log}`: none of its {events} log events is the layer's or Lambda's"));
    }
    Ok(())
}

fn tell_what_was_read(ledger: &Ledger, printer: &Printer) {
    let read = ledger.read;
    printer
        .say(format_args!("read {} log events: {} of the layer, {} of Lambda", read.events, read.layer, read.lambda));
    if read.bad > 0 {
        printer.say(format_args!("left out {} that cannot be understood: cut off, or too large", read.bad));
    }
    if read.unknown > 0 {
        printer.say(format_args!("left out {} of kinds that only a newer misrule knows", read.unknown));
    }
}
