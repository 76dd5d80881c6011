//! What the layer says: one flat JSON object a line on stdout, which Lambda hands to CloudWatch. Nothing else in the
//! layer writes to it.
//!
//! Each line carries `misrule` (what happened), `time` (RFC 3339, milliseconds) and `level`, then the fields of its
//! kind: see [`Line`]. Those that are worth counting carry CloudWatch metrics.

mod decision;
mod dependencies;
mod line;
mod metrics;
mod output;
mod sparing;
mod writer;

#[cfg(test)]
mod decision_tests;
#[cfg(test)]
mod tests;

pub use decision::{Injections, decision_lines};
pub use dependencies::install;
pub use line::{
    About, Armed, Cut, Disarmed, Failed, FaultEnded, FaultFailed, Faults, Forbidden, Halted, Injected, Level, Line,
    LinesLost, Loaded, NothingDeployed, OutsideBlastRadius, PassThrough, PolicyDigest, PolicyDisabled, PolicySaid,
    Refused, RefusedStep, RuntimeConnected, SettingWrong, SourceFailed, SourceRecovered, Stale, Start, Stopped,
    Trapped, WouldHave,
};
pub use metrics::{MEASURED, NAMESPACE, count_for};
pub use sparing::Sparing;
pub use writer::{end, event};

/// An error and its causes, from the outside in, joined by colons.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}
