//! The one place where what breaks in the layer becomes "the invocation goes on", and one log line.

use misrule_engine::invocation::RequestId;

use super::upstream::Unanswered;
use crate::faults::MAX_ANSWER;
use crate::telemetry::{self, Failed, Line};

/// Says that the proxy before Lambda is not there.
pub(crate) fn from_missing_proxy(address: &str, error: &std::io::Error) {
    let reason = format!("MISRULE_RUNTIME_API: `{address}` cannot be reached: {error}");
    let hint = Some("requests go straight to Lambda's Runtime API for as long as this environment lives".to_owned());
    Line::from(Failed { part: "proxy", request_id: None, reason, hint, count: 1 }).emit();
}

/// Says why an answer of ours did not reach Lambda.
pub(crate) fn from_lost_post(id: &RequestId, error: &Unanswered) {
    tell(id, format!("our answer got none from Lambda: {}", telemetry::chain(error)));
}

/// Says that Lambda did not take an answer of ours.
pub(crate) fn from_refused_post(id: &RequestId, status: http::StatusCode) {
    tell(id, format!("Lambda refused our answer with status {status}"));
}

/// Says that an answer was not held back for the policies that want to see it.
pub(crate) fn from_large_answer(id: &RequestId) {
    tell(id, format!("the answer is larger than the {MAX_ANSWER} bytes that Lambda accepts, so no policy sees it"));
}

/// Says that a batch is reported as failed since an answer could not report some of its records.
pub(crate) fn from_unreported_records(id: &RequestId) {
    let reason = "records that were taken out of the batch cannot be reported in the handler's answer";
    let hint = Some("the whole batch is reported as failed, so that none is lost".to_owned());
    Line::from(Failed { part: "proxy", request_id: Some(id.to_string()), reason: reason.to_owned(), hint, count: 1 })
        .emit();
}

/// Says that the runtime asked again for an event that was to make it exit.
pub(crate) fn from_survived_crash(id: &RequestId) {
    tell(id, "the runtime asked for its event again instead of exiting, so `crash` does nothing to it".to_owned());
}

/// Says that Lambda gave no answer to a request of the runtime: to one with which it waits, or to another.
pub(crate) fn from_unanswered(unanswered: &Unanswered, waits: bool) {
    if !is_lambdas(unanswered, waits) {
        return;
    }
    let reason = format!("a request of the runtime got no answer: {}", telemetry::chain(unanswered));
    let hint = Some("the runtime's connection closes, as it would without the layer".to_owned());
    Line::from(Failed { part: "proxy", request_id: None, reason, hint, count: 1 }).emit();
}

/// Whether Lambda is to blame. What the runtime broke off is not its, and a wait ends with Lambda's side whenever that does.
fn is_lambdas(unanswered: &Unanswered, waits: bool) -> bool {
    match unanswered {
        Unanswered::Unreachable { .. } | Unanswered::Unsent { .. } => true,
        Unanswered::Lost { cause, .. } => !waits && !cause.is_user(),
        Unanswered::RuntimeGone => false,
    }
}

fn tell(id: &RequestId, reason: String) {
    let hint = Some("the invocation goes on as if the layer were not there".to_owned());
    Line::from(Failed { part: "proxy", request_id: Some(id.to_string()), reason, hint, count: 1 }).emit();
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn what_the_runtime_broke_off_is_not_lambdas() {
        let (address, request) = ("127.0.0.1:9001".to_owned(), Box::new(Request::default()));
        let refused = Unanswered::Unreachable { address, request, cause: std::io::ErrorKind::ConnectionRefused.into() };
        assert!(is_lambdas(&refused, true) && is_lambdas(&refused, false));
        assert!(!is_lambdas(&Unanswered::RuntimeGone, true));
    }
}
