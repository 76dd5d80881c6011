//! Serves a local AppConfig until it is interrupted, for the AWS CLI and other clients:
//! `cargo run -p misrule-local --example appconfig`.

use std::io::Write;
use std::time::Duration;

use misrule_local::appconfig::AppConfig;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let appconfig = AppConfig::serve().await?;
    appconfig.set_poll_interval(Duration::from_secs(1));
    writeln!(std::io::stdout(), "{}", appconfig.endpoint())?;
    std::future::pending().await
}
