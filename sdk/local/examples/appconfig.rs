//! Serves a local AppConfig until it is interrupted, for the AWS CLI and other clients:
//! `cargo run -p misrule-local --example appconfig`.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use misrule_local::appconfig::AppConfig;

const USAGE: &str = "\
Serve an AppConfig on loopback, until Ctrl-C

Usage: cargo run -p misrule-local --example appconfig

Prints where it is: for clients AWS_ENDPOINT_URL, or the AWS CLI's --endpoint-url. They want a region and credentials,
whichever; what is made here is gone when it ends.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    // A closed standard error changes nothing.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => serve().await?,
        Some("--help" | "-h") => writeln!(std::io::stdout(), "{USAGE}")?,
        Some(other) => return Err(format!("it takes no `{other}`: --help says what there is").into()),
    }
    Ok(())
}

async fn serve() -> std::io::Result<()> {
    let appconfig = AppConfig::serve().await?;
    appconfig.set_poll_interval(Duration::from_secs(1));
    writeln!(std::io::stdout(), "{}", appconfig.endpoint())?;
    std::future::pending().await
}
