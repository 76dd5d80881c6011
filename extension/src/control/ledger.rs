//! What experiments spent in this execution environment, in a file that a restart of the layer leaves alone.
//!
//! After a crash or a timeout Lambda starts runtime and extensions again in the same environment, and does not clear
//! /tmp: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>. So what a budget and a
//! `stop_when` go by is written there before a plan is carried out, and where it cannot be, nothing is. It is read once,
//! before the first experiment is armed. The function can write there too: what is no record of ours is never taken for
//! "nothing spent". A snapshot (SnapStart) has no such file yet, since nothing is spent before the first event: each
//! copy of it begins with none, and keeps its own.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use misrule_engine::decision::{Enforcer, Records, RecordsError};
use misrule_engine::limits::RECORDS_BYTES;
use rustix::fs::OFlags;

use crate::telemetry::{self, Failed};

/// The records of all experiments, in memory and, where there is one, in a file.
#[derive(Default)]
pub(super) struct Ledger {
    file: Option<PathBuf>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    records: Records,
    progress: Progress,
    /// Whether it was said that keeping fails, since it last did not.
    told: bool,
}

#[derive(Default)]
enum Progress {
    #[default]
    NotRead,
    Read,
    /// What was spent before is not known, and will not be before the layer starts again.
    Unreadable(LedgerError),
}

/// What was spent is not known, or cannot be kept.
#[derive(Debug, thiserror::Error)]
enum LedgerError {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} was not written by this layer", path.display())]
    NotOurs { path: PathBuf, source: RecordsError },
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("there is too much to keep")]
    TooLarge(#[from] RecordsError),
}

impl LedgerError {
    const fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::NotOurs { .. } => {
                "experiments with a budget or a stop_when inject nothing here; a new execution environment has no such file"
            }
            Self::Write { .. } | Self::TooLarge(_) => {
                "experiments with a budget or a stop_when inject nothing meanwhile; the function must leave some room in /tmp"
            }
        }
    }
}

impl Ledger {
    /// In this file. Nothing is read yet.
    pub(super) fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), book: Mutex::default() }
    }

    pub(super) fn is_in_a_file(&self) -> bool {
        self.file.is_some()
    }

    /// From here on the experiment goes on with what is remembered of it.
    pub(super) fn open_for(&self, enforcer: &mut Enforcer) {
        let mut book = self.book();
        if let (Progress::NotRead, Some(file)) = (&book.progress, &self.file) {
            match read(file) {
                Ok(records) => (book.records, book.progress) = (records, Progress::Read),
                Err(error) => book.progress = Progress::Unreadable(error),
            }
        }
        enforcer.keep_in(&mut book.records);
    }

    /// Writes down what was spent so far.
    ///
    /// # Errors
    /// The line that says why it is not kept; none in it where that was said before.
    pub(super) fn keep(&self) -> Result<(), Option<Failed>> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut book = self.book();
        let kept = match &book.progress {
            Progress::Unreadable(error) => Err(failed(error)),
            _ => write(file, &book.records).map_err(|error| failed(&error)),
        };
        let told = std::mem::replace(&mut book.told, kept.is_err());
        kept.map_err(|line| (!told).then_some(line))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: &LedgerError) -> Failed {
    let hint = Some(error.hint().to_owned());
    Failed { part: "budget", request_id: None, reason: telemetry::chain(error), hint, count: 1 }
}

/// Nothing was spent where there is no file.
fn read(file: &Path) -> Result<Records, LedgerError> {
    let path = || file.to_owned();
    match content(file) {
        Ok(json) => Records::from_json(&json).map_err(|source| LedgerError::NotOurs { path: path(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Records::default()),
        Err(source) => Err(LedgerError::Read { path: path(), source }),
    }
}

/// A byte more than records can have is enough to know that it is none. What is no file, a pipe or a link that anybody
/// may have put there, is not waited for.
fn content(file: &Path) -> io::Result<Vec<u8>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut content = Vec::new();
    file.take(RECORDS_BYTES.value + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// Whole or not at all: written aside, then put in the place of what was there.
fn write(file: &Path, records: &Records) -> Result<(), LedgerError> {
    let (json, aside) = (records.to_json()?, file.with_extension("new"));
    let written = write_aside(&aside, &json).and_then(|()| fs::rename(&aside, file));
    written.map_err(|source| {
        let _ = fs::remove_file(&aside);
        LedgerError::Write { path: file.to_owned(), source }
    })
}

/// What stands there is what is left of a write that was cut short.
fn write_aside(aside: &Path, json: &[u8]) -> io::Result<()> {
    match fs::remove_file(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?.write_all(json)
}
