//! The one place where a failure of the engine or of a source becomes behaviour and one log line.

use std::time::Duration;

use super::loader::Refusal;
use super::state::milliseconds;
use super::{Version, Why};
use crate::sources::SourceError;
use crate::telemetry::{self, Failed, Line, Refused, SourceFailed};

/// What can go wrong between a source and an armed experiment.
#[derive(Debug)]
pub(super) enum Failure<'a> {
    /// The source could not be asked.
    Source {
        /// Why.
        error: &'a SourceError,
        /// How long until it is asked again.
        pause: Duration,
    },
    /// The delivery is nothing that may arm.
    Refused {
        /// Which delivery.
        version: &'a Version,
        /// Why.
        refusal: &'a Refusal,
    },
    /// A refresh panicked, which has its own line.
    Unwatched {
        /// How long until the source is asked again.
        pause: Duration,
    },
}

/// What a failure means for the experiment in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// It stays, until it is older than its `max_age`.
    Keep,
    /// It ends: invocations pass through.
    Disarm(Why),
}

/// What becomes of a failure, and the line that tells it.
pub(super) fn rescue(source: &str, failure: &Failure<'_>) -> (Behaviour, Line) {
    let source = source.to_owned();
    match failure {
        Failure::Source { error, pause } => {
            let (reason, hint, retry_ms) = (telemetry::chain(*error), error.hint(), milliseconds(*pause));
            (Behaviour::Keep, SourceFailed { source, reason, hint, retry_ms }.into())
        }
        Failure::Refused { version, refusal } => {
            let (version, reason, hint) = (version.to_string(), telemetry::chain(*refusal), refusal.hint());
            (Behaviour::Disarm(Why::Refused), Refused { source, version, reason, hint }.into())
        }
        Failure::Unwatched { pause } => {
            let again = milliseconds(*pause);
            let reason = format!("a refresh from {source} panicked: it is asked again in {again} ms, for all it has");
            let hint = Some("report it, with the line of the panic, as a bug of Misrule".to_owned());
            (
                Behaviour::Disarm(Why::Unwatched),
                Failed { part: "control", request_id: None, reason, hint, count: 1 }.into(),
            )
        }
    }
}
