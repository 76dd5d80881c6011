//! What the layer's proxy adds to an invocation (GET next, then POST response), beside a direct connection, a TCP relay and a
//! bare pass-through in the same run.
//!
//!     cargo bench --package misrule-proxy-bench -- EXTENSION BASELINES OUTPUT [CASE...]
//!
//! EXTENSION is what `misrule layer` built: `target/x86_64-unknown-linux-gnu/layer/misrule-extension`. BASELINES is the
//! folder of the judge, whose program `passthrough` is built as its own script `compare` does, or the folder where that
//! program lies. A table and a plot of it are written into the folder OUTPUT. Each CASE is a part of the name of what is to
//! be measured; none: everything, in about ten minutes.

#![expect(clippy::print_stderr, reason = "a bench says how far it is")]

mod allocations;
mod baselines;
mod case;
mod experiment;
mod lambda;
mod measured;
mod plot;
mod process;
mod runtime;
mod stream;
mod table;
mod target;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use case::Case;
use measured::{Measured, Targets};
use target::{Programs, Target};

/// Rounds that count; one before them warms up.
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).filter(|it| it != "--bench").map(PathBuf::from);
    let (Some(extension), Some(baselines), Some(output)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("what is measured, beside what, and where to is it written? Give EXTENSION BASELINES OUTPUT");
    };
    let programs = Programs { extension, passthrough: baselines::passthrough(&baselines)? };
    let wanted: Vec<String> = arguments.map(|it| it.to_string_lossy().into_owned()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let all = runtime.block_on(measure(&programs, &wanted))?;
    fs::create_dir_all(&output).with_context(|| format!("`{}` is no folder", output.display()))?;
    fs::write(output.join("proxy.md"), table::of(&all)?)?;
    fs::write(output.join("proxy.svg"), plot::of(&all)?)?;
    eprintln!("wrote proxy.md and proxy.svg into {}", output.display());
    Ok(())
}

/// A case, and what was measured of each target.
type Row = (Case, Targets);

async fn measure(programs: &Programs, wanted: &[String]) -> Result<Vec<Row>> {
    let cases: Vec<Case> = case::all().into_iter().filter(|case| case.is_among(wanted)).collect();
    anyhow::ensure!(!cases.is_empty(), "no case has a name with one of {wanted:?} in it");
    let mut rows = Vec::new();
    for case in cases {
        eprintln!("{}", case.name());
        rows.push((case, interleaved(programs, case).await?));
    }
    Ok(rows)
}

/// All targets of a case in turn, round after round, in processes of this case's own.
async fn interleaved(programs: &Programs, case: Case) -> Result<Targets> {
    let mut targets = Target::start_all(programs, case).await?;
    let mut measured: Vec<_> = targets.iter().map(|target| (target.name, Measured::default())).collect();
    for (target, (_, measured)) in targets.iter_mut().zip(&mut measured) {
        measured.before = target.memory()?;
        target.round(case, case.cycles.div_ceil(5)).await?;
    }
    for _ in 0..ROUNDS {
        for (target, (_, measured)) in targets.iter_mut().zip(&mut measured) {
            measured.rounds.push(target.round(case, case.cycles).await?);
        }
    }
    for (target, (_, measured)) in targets.iter_mut().zip(&mut measured) {
        measured.after = target.memory()?;
        measured.allocations = target.allocations(case).await?;
        target.has_done_its_work()?;
    }
    Ok(Targets(measured))
}
