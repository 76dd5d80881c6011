//! The `misrule` command: make, build, inspect, publish and halt fault policies.
//!
//! A command is one file in [`commands`]. What it says goes through the [`printer::Printer`], what went wrong comes
//! back as a [`failure::Failure`], and both meet here.

mod appconfig;
mod commands;
mod compile;
mod content;
mod demo;
mod failure;
mod fleet;
mod images;
mod interruption;
mod key_file;
mod layer;
mod opened;
mod printer;
mod report;
mod revision;
mod scaffold;
mod surroundings;
mod table;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;
use failure::Failure;
use printer::{Printer, Verbosity};

/// Fault policies for AWS Lambda: make, build, publish and halt them
#[derive(Parser)]
#[command(name = "misrule", version, after_help = EXIT_CODES, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say nothing but errors
    // Below a command's own, however many it has.
    #[arg(short, long, global = true, display_order = 100, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: each step on the way
    #[arg(short, long, global = true, display_order = 101)]
    verbose: bool,
}

const EXIT_CODES: &str = "\
Results go to stdout, everything else to stderr. Set NO_COLOR for no colour.

Exit codes:
  0  done
  1  your input has a mistake, or a check failed
  2  wrong usage, or a fault of misrule's own
  130  interrupted by Ctrl-C (128 and a signal's number)";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let printer = Printer::new(Verbosity::chosen(arguments.quiet, arguments.verbose));
    match run(&arguments.command, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: &Command, printer: &Printer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failure::own("cannot start the async runtime", source))?;
    runtime.block_on(command.run(printer))
}
