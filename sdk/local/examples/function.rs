//! Runs a program as the runtime of a function behind an HTTP front, until it is interrupted, with its log on stderr:
//! `cargo run -p misrule-local --example function -- python3 -m awslambdaric app.handler`.
//!
//! Where MISRULE_SOURCE is set, the function runs under the layer, as `cargo build -p misrule-extension` built it: with all
//! variables of this process that are the layer's (`MISRULE_`) or AWS's (`AWS_`).

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use misrule_local::front::Front;
use misrule_local::function::{Function, FunctionBuilder};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Run a program as the runtime of a function behind HTTP, until Ctrl-C

Usage: cargo run -p misrule-local --example function -- PROGRAM [ARGUMENT]...

For example: python3 -m awslambdaric app.handler

Prints the function's URL, and on stderr its log. The folder that it is started in is the function's.

Variables:
  AWS_LAMBDA_FUNCTION_NAME  the function's name [default: example]
  AWS_REGION                its region [default: us-east-1]
  _HANDLER                  its handler [default: the last argument]
  MISRULE_SOURCE            where its experiments come from: with it, the function runs under the layer, which
                            `cargo build -p misrule-extension` builds; every MISRULE_ and AWS_ variable reaches both";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    say(&format!("error: {error}"));
    let mut source = error.source();
    while let Some(cause) = source {
        say(&format!("  because: {cause}"));
        source = cause.source();
    }
    ExitCode::FAILURE
}

/// A closed standard error is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let needed = "a program is needed, for example: python3 -m awslambdaric app.handler";
    match arguments.split_first().ok_or(needed)? {
        (help, _) if help == "--help" || help == "-h" => writeln!(std::io::stdout(), "{USAGE}")?,
        (option, _) if option.starts_with('-') => {
            return Err(format!("there is no option `{option}`: --help says what there is").into());
        }
        (program, arguments) => serve(named(program, arguments)?).await?,
    }
    Ok(())
}

async fn serve(function: FunctionBuilder) -> Result<(), Box<dyn Error>> {
    let function = layered(function)?
        .task_root(std::env::current_dir()?)
        .on_output(|line| say(&format!("{}: {}", line.origin, line.text)))
        .on_report(say);
    // The processes stand in groups of their own: an interrupt does not reach them, and they end with what owns them.
    let function = tokio::select! {
        started = function.start() => Arc::new(started?),
        interrupted = interrupted() => return Ok(interrupted?),
    };
    let front = Front::serve(Arc::clone(&function)).await?;
    writeln!(std::io::stdout(), "{}", front.url())?;
    interrupted().await?;
    // As on Lambda, so that the layer tells what it has only counted.
    function.shutdown().await;
    Ok(())
}

/// Ctrl-C, a terminal that closes, or whoever asks it to end.
async fn interrupted() -> std::io::Result<()> {
    let [mut interrupt, mut hangup, mut terminate] =
        [signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?, signal(SignalKind::terminate())?];
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The function of this program, as the variables name it.
fn named(program: &str, arguments: &[String]) -> Result<FunctionBuilder, Box<dyn Error>> {
    let name = variable("AWS_LAMBDA_FUNCTION_NAME")?.unwrap_or_else(|| "example".to_owned());
    let handler = variable("_HANDLER")?.or_else(|| arguments.last().cloned()).unwrap_or_default();
    let function = Function::builder(name).runtime(program, arguments.iter().map(String::as_str)).handler(handler);
    Ok(match variable("AWS_REGION")? {
        Some(region) => function.region(region),
        None => function,
    })
}

/// A variable's value; none where it is not set, or empty.
fn variable(name: &str) -> Result<Option<String>, String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.into_string().map_err(|value| format!("{name} is no text: {value:?}"))).transpose()
}

/// The function with the layer on it, where its source is set. The layer lies in the folder above this example.
fn layered(function: FunctionBuilder) -> Result<FunctionBuilder, Box<dyn Error>> {
    if std::env::var_os("MISRULE_SOURCE").is_none() {
        return Ok(function);
    }
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("this example lies in no folder")?;
    let function = function.extension(folder.join("misrule-extension"), []).wrapper(folder.join("misrule-wrapper"));
    let passed = |name: &str| name.starts_with("MISRULE_") || name.starts_with("AWS_");
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(variables.filter(|(name, _)| passed(name)).fold(function, |function, (name, value)| function.env(name, value)))
}
