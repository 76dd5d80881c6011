//! What 200 swaps of a signed bundle with native images do to 100,000 invocations from 16 clients, against the same load
//! without a swap. Each experiment has other components than the one before, so each swap loads images.
//!
//!     cargo build --release --workspace --bins
//!     cargo bench --package misrule-tests --bench swaps -- target/release/misrule-extension
//!
//! The argument is an extension; what `misrule layer` built lies in `target/TARGET/PROFILE`. It ends with an error where
//! an invocation is lost, is answered twice, or is decided by another experiment than its answer names, and where an
//! experiment never decides one. Times are milliseconds.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod delivery;
mod percentiles;

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use misrule_tests::programs::built;
use misrule_tests::swaps::{Experiments, Load, Programs, run};

use percentiles::Percentiles;

/// Experiments after the first.
const SWAPS: usize = 200;
const LOAD: Load = Load { clients: 16, invocations: 100_000 };
/// Pairs with and without swaps; whichever comes first in one comes second in the next.
const PAIRS: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).filter(|it| it != "--bench").map(PathBuf::from).collect();
    let [extension] = arguments.as_slice() else {
        bail!("which extension? Give the path of a release build, such as target/release/misrule-extension")
    };
    let extension = extension.clone();
    let programs =
        Programs { extension, wrapper: built("misrule-wrapper")?, runtime: built("misrule-local-function")? };
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure(&programs))
}

async fn measure(programs: &Programs) -> Result<()> {
    let (swapped, still) = (delivery::experiments(SWAPS + 1)?, delivery::experiments(1)?);
    println!("| pair | swaps | invocations | p50 | p99 | p99.9 | longest |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        let (with, without) = if pair % 2 == 0 {
            let without = load(pair, programs, &still).await?;
            (load(pair, programs, &swapped).await?, without)
        } else {
            let with = load(pair, programs, &swapped).await?;
            (with, load(pair, programs, &still).await?)
        };
        ratios.push(with.p999 / without.p999);
    }
    ratios.sort_by(f64::total_cmp);
    println!("\np99.9 with to without swaps: {ratios:.2?}, median {:.2}", ratios[PAIRS / 2]);
    Ok(())
}

async fn load(pair: usize, programs: &Programs, experiments: &Experiments) -> Result<Percentiles> {
    let seen = run(LOAD, programs, experiments).await?;
    let count = experiments.contents.len();
    ensure!(seen.experiments.len() == count, "only {:?} decided anything", seen.experiments);
    let (invocations, told) = (seen.durations.len(), Percentiles::of(seen.durations));
    println!("| {} | {} | {invocations} | {told} |", pair + 1, count - 1);
    Ok(told)
}
