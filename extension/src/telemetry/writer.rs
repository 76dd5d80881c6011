//! The one writer to stdout.

use std::io::Stdout;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use misrule_engine::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::line::{Level, Line, LinesLost};
use super::metrics;
use super::output::Output;
use super::sparing::Sparing;
use crate::clock::{self, Clock};

static FILTER: OnceLock<Targets> = OnceLock::new();

/// What failed in the layer, whichever part it was.
static FAILURES: LazyLock<Sparing> = LazyLock::new(|| Sparing::new(Clock::machine(), Arc::new(Line::pass)));

static OUTPUT: LazyLock<Mutex<Output<Stdout>>> = LazyLock::new(|| {
    Mutex::new(Output::new(std::io::stdout(), |count| Line::from(LinesLost { count }).render(clock::now())))
});

/// An event arrives: tells of failures that were only counted, and whose minute is over, and of lines that were lost.
pub fn event() {
    FAILURES.event();
    output().catch_up();
}

/// The layer ends: tells of whatever was only counted.
pub fn end() {
    FAILURES.end();
    output().catch_up();
}

fn output() -> MutexGuard<'static, Output<Stdout>> {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets what is written from here on; only the first call counts.
pub(super) fn set_filter(filter: &Targets) {
    let _ = FILTER.set(filter.clone());
}

impl Line {
    /// Writes the line, where MISRULE_LOG lets it through (its target is `misrule`): failures of the layer once a minute
    /// each kind. A line that stdout does not take is lost: that is not our invocation's business.
    pub fn emit(self) {
        match self {
            Self::Failed(_) => FAILURES.tell(self),
            line => line.pass(),
        }
    }

    fn pass(self) {
        if FILTER.get().is_none_or(|filter| lets_through(filter, self.level())) {
            write(&self.render(clock::now()));
        }
    }

    /// The line as it is written at this instant, without the end of the line.
    pub fn render(&self, now: Timestamp) -> String {
        self.render_with(now, metrics::embedded(self, now))
    }

    /// The same with these fields behind its own.
    pub(super) fn render_with(&self, now: Timestamp, metrics: Option<Map<String, Value>>) -> String {
        let record = Record { misrule: self.name(), time: rfc_3339(now), level: self.level(), line: self, metrics };
        serde_json::to_string(&record)
            .unwrap_or_else(|error| format!(r#"{{"misrule":"{}","unwritable":"{error}"}}"#, self.name()))
    }
}

#[derive(Serialize)]
struct Record<'a> {
    misrule: &'static str,
    time: String,
    level: Level,
    #[serde(flatten)]
    line: &'a Line,
    #[serde(flatten)]
    metrics: Option<Map<String, Value>>,
}

pub(super) fn lets_through(filter: &Targets, level: Level) -> bool {
    let level = match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    level.into_level().is_some_and(|level| filter.would_enable("misrule", &level))
}

/// Writes one line; lines of several threads do not mix.
pub(super) fn write(line: &str) {
    output().write(line);
}

/// RFC 3339 in UTC, always with three digits of a second.
pub(super) fn rfc_3339(instant: Timestamp) -> String {
    let milliseconds = instant.as_milliseconds();
    let second = Timestamp::from_milliseconds(milliseconds - milliseconds % 1000).to_string();
    match second.strip_suffix('Z') {
        Some(second) => format!("{second}.{:03}Z", milliseconds % 1000),
        None => second,
    }
}
