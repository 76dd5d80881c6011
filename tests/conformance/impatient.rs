//! A proxy as the layer must not be, in a process like the layer's: after some time it closes a connection on which it
//! waits. Where one stands in the layer's place, a case that holds for longer must fail.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpStream};

use super::layer::Start;

/// What the program of the tests is started with to be this proxy.
pub(crate) const ARGUMENT: &str = "--impatient-proxy";

/// Starts one that waits for so long.
pub(crate) fn start(start: Start, patience: Duration) -> Result<Start> {
    let start = start.variable("PATIENCE", patience.as_secs().to_string());
    Ok(Start { program: std::env::current_exe()?, argument: Some(ARGUMENT), ..start })
}

/// Is one, with the variables that the layer has too.
pub(crate) fn run() -> Result<()> {
    let patience = Duration::from_secs(variable("PATIENCE")?.parse()?);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(patience))
}

async fn serve(patience: Duration) -> Result<()> {
    let (port, lambda) = (variable("MISRULE_PORT")?.parse()?, variable("AWS_LAMBDA_RUNTIME_API")?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("{}", serde_json::json!({ "misrule": "listening" }));
    loop {
        let (mut near, _) = listener.accept().await?;
        let mut far = TcpStream::connect(&lambda).await?;
        tokio::spawn(async move {
            let _ = tokio::time::timeout(patience, tokio::io::copy_bidirectional(&mut near, &mut far)).await;
        });
    }
}

fn variable(name: &str) -> Result<String> {
    let value = std::env::var_os(name).and_then(|value| value.into_string().ok());
    value.with_context(|| format!("the variable {name} is not set"))
}
