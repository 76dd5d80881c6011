//! The conformance suite: what runtimes send and what Lambda must see, each case played direct, through the layer and
//! through a chain of two, with the programs as they ship. A case that holds for long does so on a clock that the layers are
//! given, in seconds of the machine's time.
//!
//!     cargo test --workspace --test conformance                  # all of it; compared with the table in tests/README.md
//!     cargo test --workspace --test conformance -- 'LAMBDA 40'   # cases that name this
//!     cargo test --workspace --test conformance -- --long        # holds by the machine's clock: more than an hour
//!     cargo test --workspace --test conformance -- --write       # writes what was found into tests/README.md

#![allow(clippy::print_stdout, reason = "the run tells what it finds")]

mod case;
mod cases;
mod clock;
mod exchange;
mod guest;
mod impatient;
mod lambda;
mod layer;
mod speech;
mod stage;
mod table;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::Semaphore;

use case::{Case, Verdict, Way};
use table::{Row, Table};

/// Cases at a time, each way counted: most of them wait.
const AT_A_TIME: usize = 4;
/// Those of a long run: the ones that take long only hold.
const HOLDING: usize = 24;

/// How it is run. What else `cargo test` hands to test programs does not concern it.
struct Asked {
    long: bool,
    write: bool,
    list: bool,
    words: Vec<String>,
}

fn main() -> Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some(impatient::ARGUMENT) {
        return impatient::run().map(|()| ExitCode::SUCCESS);
    }
    let asked = asked(std::env::args().skip(1).collect());
    let cases: Vec<_> = cases::all()?.into_iter().filter(|case| asked.names(case)).collect();
    if asked.list {
        cases.iter().for_each(|case| println!("{}: {}: test", case.from, case.runtime));
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let rows = runtime.block_on(play(cases, asked.long))?;
    runtime.shutdown_background();
    judge(&asked, rows)
}

fn asked(arguments: Vec<String>) -> Asked {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let long = has("--long") || std::env::var_os("MISRULE_TESTS_LONG").is_some();
    let (write, list) = (has("--write"), has("--list"));
    Asked { long, write, list, words: arguments.into_iter().filter(|argument| !argument.starts_with("--")).collect() }
}

impl Asked {
    fn names(&self, case: &Case) -> bool {
        let text = format!("{}, {}", case.from, case.runtime);
        self.words.is_empty() || self.words.iter().any(|word| text.contains(word.as_str()))
    }
}

/// Plays every case in every way, and gives the rows in the order of the cases.
async fn play(cases: Vec<Case>, long: bool) -> Result<Vec<Row>> {
    // Built before several cases ask for them at once.
    misrule_tests::programs::program("misrule-extension")?;
    let permits = Arc::new(Semaphore::new(if long { HOLDING } else { AT_A_TIME }));
    let played: Vec<_> = cases.into_iter().map(|case| tokio::spawn(row(case, Arc::clone(&permits), long))).collect();
    let mut rows = Vec::new();
    for row in played {
        let row = row.await??;
        println!("{row}");
        rows.push(row);
    }
    Ok(rows)
}

async fn row(case: Case, permits: Arc<Semaphore>, long: bool) -> Result<Row> {
    let [direct, layer, chain] = Way::ALL.map(|way| verdict(&case, way, &permits, long));
    let (direct, layer, chain) = tokio::try_join!(direct, layer, chain)?;
    Ok(Row { from: case.from, runtime: case.runtime, seen: case.seen, verdicts: vec![direct, layer, chain] })
}

async fn verdict(case: &Case, way: Way, permits: &Semaphore, long: bool) -> Result<Verdict> {
    let _permit = permits.acquire().await.context("the run is over")?;
    Ok(case.verdict(way, long).await)
}

/// Compares what was found with what is written down; a part of the cases only with itself.
fn judge(asked: &Asked, rows: Vec<Row>) -> Result<ExitCode> {
    let failed: Vec<_> = rows.iter().flat_map(Row::failures).collect();
    failed.iter().for_each(|failure| println!("\nFAILED {failure}"));
    let table = Table::new(rows);
    println!("\n{}", table.summary());
    if !asked.words.is_empty() {
        return Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if asked.write {
        table.write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let differences = table.differences(asked.long)?;
    differences.iter().for_each(|line| println!("{line}"));
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("tests/README.md shows another table. `{}` writes this one.", table::COMMAND);
    Ok(ExitCode::FAILURE)
}
