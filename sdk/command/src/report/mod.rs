//! What happened, out of log events.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`input`] | where log events come from, and in which form |
//! | [`message`] | what one log event says |
//! | [`initialisation`] | what a log event says of a runtime that failed before any event |
//! | [`mod@line`] | the layer's lines |
//! | [`ledger`] | what is kept of all of them: [`environment`], [`tally`], [`times`], [`delays`], [`distinct`] invocations |
//! | [`summary`] | the report as data |
//! | [`findings`] | what is said loudly, with its likely causes |
//! | [`page`] | the report as people read it |

mod delays;
mod distinct;
mod environment;
mod findings;
mod initialisation;
pub(crate) mod input;
pub(crate) mod ledger;
mod line;
mod message;
pub(crate) mod page;
pub(crate) mod summary;
mod tally;
mod times;
mod wording;

#[cfg(test)]
mod tests;

use crate::failure::Explain;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// Nothing to report on.
    #[error("no line of the layer's or of Lambda's is in {0}")]
    Nothing(String),
}

impl Explain for ReportError {
    fn hint(&self) -> Option<String> {
        let hint = "give the function's whole log, for example: aws logs filter-log-events --log-group-name /aws/lambda/FUNCTION --output json | misrule report -";
        Some(hint.to_owned())
    }
}
