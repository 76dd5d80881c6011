//! How long the layer takes from exec until an experiment with three policies of about 60 KB is in force, over HTTPS on
//! loopback, and how much memory it then holds.
//!
//!     cargo build --release --package misrule-extension --bins
//!     cargo bench --package misrule-tests --bench start_to_armed -- target/release/misrule-extension
//!
//! Each argument is an extension; what `misrule layer` built, with native images of the ready-made policies in it, lies in
//! `target/TARGET/PROFILE`. Starts are interleaved; times are milliseconds.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod start;
mod tls;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use misrule_tests::layered::local_appconfig;
use misrule_tests::publishing::experiment;
use serde_json::json;

use start::Start;
use tls::Front;

/// Starts of each extension with each delivery.
const STARTS: usize = 20;

fn main() -> Result<()> {
    let programs: Vec<PathBuf> = std::env::args_os().skip(1).filter(|it| it != "--bench").map(PathBuf::from).collect();
    ensure!(
        !programs.is_empty(),
        "which extensions? Give the paths of release builds, such as target/release/misrule-extension"
    );
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(&programs))
}

async fn measure(programs: &[PathBuf]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (appconfig, place) = local_appconfig().await?;
    let front = Front::before(appconfig.address(), folder.path()).await?;
    appconfig.deploy(&place, "application/json", ready_made());
    let mut rows: Vec<(&Path, Vec<Start>)> = programs.iter().map(|program| (program.as_path(), Vec::new())).collect();
    for _ in 0..STARTS {
        for (program, starts) in &mut rows {
            starts.push(start::start(program, &front, None).await?);
        }
    }
    println!("| extension | code | listening: median (range) | armed: median (range) | resident MiB: median (range) |");
    println!("| --- | --- | --- | --- | --- |");
    rows.iter().for_each(|(program, starts)| println!("{}", row(program, starts)));
    Ok(())
}

/// An experiment of the three ready-made policies.
fn ready_made() -> String {
    let policies = json!([
        { "use": "path-outage", "settings": { "paths": ["/health", "/orders/{id}"], "status": 404 } },
        { "use": "latency", "settings": { "paths": ["/slow"], "delay": "1s" } },
        { "use": "error", "settings": { "paths": ["/error"] } },
    ]);
    experiment("bench", &policies)
}

fn row(program: &Path, starts: &[Start]) -> String {
    let milliseconds = |of: fn(&Start) -> f64| spread(starts.iter().map(of).collect());
    let listening = milliseconds(|start| start.listening.as_secs_f64() * 1e3);
    let armed = milliseconds(|start| start.armed.as_secs_f64() * 1e3);
    let resident = milliseconds(|start| start.resident as f64 / 1024.0);
    let code = starts.first().map(|start| start.code.join(", ")).unwrap_or_default();
    format!("| {} | {code} | {listening} | {armed} | {resident} |", program.display())
}

/// The median, and from where to where the values go.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    match (values.first(), values.get(values.len() / 2), values.last()) {
        (Some(least), Some(median), Some(most)) => format!("{median:.1} ({least:.1} to {most:.1})"),
        _ => "nothing".to_owned(),
    }
}
