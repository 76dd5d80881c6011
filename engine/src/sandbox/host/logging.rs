//! `logging`: a policy's own lines, bounded.

use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Lower, WasmStr};

use super::{Call, Interface};
use crate::decision::LogLevel;
use crate::limits;

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "guests make them")]
enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.procedure("log", |call, (level, message): (Level, WasmStr)| log(call, level.into(), &message))
}

/// The last place is kept for an error, so that a panic is told after a chatty hook.
fn log(call: &mut Call<'_>, level: LogLevel, message: &WasmStr) -> Result<()> {
    let message = bounded(call.text(message)?);
    let said = &mut call.state().said;
    let places = limits::LOG_LINES.size() - usize::from(level < LogLevel::Error);
    if said.len() < places {
        said.push((level, message));
    }
    Ok(())
}

/// At most as many bytes as a log line may have, cut between characters.
pub(in crate::sandbox) fn bounded(mut text: String) -> String {
    if !limits::LOG_BYTES.admits(text.len()) {
        text.truncate(text.floor_char_boundary(limits::LOG_BYTES.size()));
        text.push_str("...");
    }
    text
}
