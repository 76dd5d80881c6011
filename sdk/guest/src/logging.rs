//! A policy's own log lines. The host keeps 16 of a hook, a KiB each, and drops them unless something reads them.
//!
//! The macros [`debug!`](crate::debug), [`info!`](crate::info), [`warn!`](crate::warn) and [`error!`](crate::error) take
//! what `format!` takes.

use crate::host::logging as host;

/// How urgent a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author.
    Debug,
    /// For whoever follows the experiment.
    Info,
    /// Something is off.
    Warn,
    /// Something failed.
    Error,
}

impl From<Level> for host::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl From<host::Level> for Level {
    fn from(level: host::Level) -> Self {
        match level {
            host::Level::Debug => Self::Debug,
            host::Level::Info => Self::Info,
            host::Level::Warn => Self::Warn,
            host::Level::Error => Self::Error,
        }
    }
}

/// Logs one line.
pub fn log(level: Level, message: &str) {
    host::log(level.into(), message);
}

/// Logs a line for the author: `debug!("no tenant in {path}")`.
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::logging::log($crate::logging::Level::Debug, &::std::format!($($message)+)) };
}

/// Logs a line for whoever follows the experiment.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::logging::log($crate::logging::Level::Info, &::std::format!($($message)+)) };
}

/// Logs that something is off.
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::logging::log($crate::logging::Level::Warn, &::std::format!($($message)+)) };
}

/// Logs that something failed.
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::logging::log($crate::logging::Level::Error, &::std::format!($($message)+)) };
}
