//! What Lambda itself writes of an invocation into the log of a function: START, END and REPORT.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use std::sync::Arc;

use tokio::time::Instant;

use super::builder::Plan;
use crate::lambda::ShutdownReason;

/// Called with each such line.
pub(super) type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// An invocation under way that somebody wants to hear of.
pub(super) struct Report {
    listener: Listener,
    request_id: String,
    memory_mb: u32,
    began: Instant,
}

impl Report {
    /// It starts. None where nobody listens.
    pub(super) fn start(plan: &Plan, request_id: &str) -> Option<Self> {
        let listener = Arc::clone(plan.report.as_ref()?);
        listener(&format!("START RequestId: {request_id} Version: {}", plan.settings.function_version));
        Some(Self { listener, request_id: request_id.to_owned(), memory_mb: plan.memory_mb, began: Instant::now() })
    }

    /// It is over. What memory it took is not known here.
    pub(super) fn end(self, reset: Option<ShutdownReason>) {
        let Self { listener, request_id, memory_mb, began } = self;
        let took = began.elapsed().as_secs_f64() * 1000.0;
        let status = match reset {
            None | Some(ShutdownReason::SpinDown) => "",
            Some(ShutdownReason::Timeout) => "\tStatus: timeout",
            Some(ShutdownReason::Failure) => "\tStatus: error",
        };
        listener(&format!("END RequestId: {request_id}"));
        listener(&format!(
            "REPORT RequestId: {request_id}\tDuration: {took:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {memory_mb} MB{status}",
            took.ceil()
        ));
    }
}
