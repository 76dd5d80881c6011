//! How long the layer takes from exec until an experiment with three policies of about 60 KB is in force, over HTTPS on
//! loopback, and how much memory it then holds.
//!
//!     cargo build --release --package misrule-extension --bins
//!     cargo bench --package misrule-tests --bench start_to_armed -- target/release/misrule-extension
//!
//! Each argument is an extension; what `misrule layer` built, with native images of the ready-made policies in it, lies in
//! `target/TARGET/PROFILE`. Starts are interleaved; times are milliseconds.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod delivery;
mod start;
mod tls;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use misrule_tests::layered::local_appconfig;

use delivery::Delivery;
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

/// The starts of one extension with one delivery.
struct Row<'a> {
    program: &'a Path,
    delivery: &'a Delivery,
    starts: Vec<Start>,
}

async fn measure(programs: &[PathBuf]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (appconfig, place) = local_appconfig().await?;
    let front = Front::before(appconfig.address(), folder.path()).await?;
    let deliveries = delivery::each()?;
    let row = |program, delivery| Row { program, delivery, starts: Vec::new() };
    let mut rows: Vec<_> =
        programs.iter().flat_map(|it| deliveries.iter().map(|delivery| row(it.as_path(), delivery))).collect();
    for _ in 0..STARTS {
        for Row { program, delivery, starts } in &mut rows {
            appconfig.deploy(&place, "application/octet-stream", delivery.bytes.clone());
            starts.push(start::start(program, &front, delivery.key.as_deref()).await?);
        }
    }
    println!(
        "| extension | delivery, bytes | code | listening: median (range) | armed: median (range) | resident MiB | of it anonymous |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    rows.iter().for_each(|row| println!("{}", row.told()));
    Ok(())
}

impl Row<'_> {
    fn told(&self) -> String {
        let spread = |of: fn(&Start) -> f64| spread(self.starts.iter().map(of).collect());
        let listening = spread(|start| start.listening.as_secs_f64() * 1e3);
        let armed = spread(|start| start.armed.as_secs_f64() * 1e3);
        let resident = spread(|start| start.resident as f64 / 1024.0);
        let anonymous = spread(|start| start.anonymous as f64 / 1024.0);
        let code = self.starts.first().map(|start| start.code.join(", ")).unwrap_or_default();
        let (program, Delivery { name, bytes, .. }) = (self.program.display(), self.delivery);
        format!("| {program} | {name}, {} | {code} | {listening} | {armed} | {resident} | {anonymous} |", bytes.len())
    }
}

/// The median, and from where to where the values go.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    match (values.first(), values.get(values.len() / 2), values.last()) {
        (Some(least), Some(median), Some(most)) => format!("{median:.1} ({least:.1} to {most:.1})"),
        _ => "nothing".to_owned(),
    }
}
