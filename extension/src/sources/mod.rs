//! Where experiments come from. Each source is a file of its own with the same items: `open`, `name`, `interval`,
//! `forget`, `fetch`. A source hands bytes over and judges nothing: [`control`](crate::control) decides what they mean.

mod agent;
mod appconfig;
mod error;
mod exchange;
mod file;
#[cfg(test)]
mod scripted;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

pub use agent::Agent;
pub use appconfig::AppConfig;
pub use error::{Pace, SourceError};
pub use file::File;

/// What a source had to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The same as last time.
    Unchanged,
    /// Nothing is delivered, or no longer.
    Nothing {
        /// What is missing.
        missing: String,
    },
    /// A delivery. A source that lost its place may hand over what it handed over before.
    Content {
        /// What was delivered.
        bytes: Bytes,
        /// What its publisher called this version.
        label: Option<String>,
    },
}

/// Where experiments come from.
pub trait Source: Send + 'static {
    /// The source as MISRULE_SOURCE names it.
    fn name(&self) -> &str;

    /// How long to wait after an answer before the next fetch.
    fn interval(&self) -> Duration;

    /// Forgets what it kept: the next fetch begins anew, and hands over what there is, known or not. For when this process
    /// is one of many copies of a snapshot, and where something broke.
    fn forget(&mut self);

    /// Asks once. It ends by itself, well within ten seconds.
    ///
    /// # Errors
    /// Where the source cannot be asked; the next fetch starts anew.
    fn fetch(&mut self) -> impl Future<Output = Result<Fetched, SourceError>> + Send;
}
