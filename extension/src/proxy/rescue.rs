//! The one place where what breaks in the layer becomes "the invocation goes on", and one log line.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use misrule_engine::invocation::RequestId;

use super::upstream::Unanswered;
use crate::faults::MAX_ANSWER;
use crate::telemetry::{self, Failed, Line};

thread_local! {
    /// The invocation that this thread is working on, for the line that a panic writes.
    static WORKING_ON: RefCell<Option<RequestId>> = const { RefCell::new(None) };
}

/// From here on a panic writes one log line, and nothing to stderr.
pub fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let id = WORKING_ON.with(|id| id.try_borrow().ok().and_then(|id| id.as_ref().map(ToString::to_string)));
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        let words = words(panic.payload());
        let hint = Some("the invocation goes on as if the layer were not there".to_owned());
        let reason = format!("panicked{place}: {words}");
        Line::from(Failed { part: "proxy", request_id: id, reason, hint, count: 1 }).emit();
    }));
}

/// What a panic says, where it is a literal of the program's: what is put together at run time quotes what it broke on, and
/// that may be an event.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("its words are not told, since they may quote an event")
}

/// Does this, or gives nothing where it panicked. What it borrowed is still good: it was only read, or is replaced whole.
pub(crate) async fn from_panic<T>(id: &RequestId, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let outcome = std::future::poll_fn(|cx| {
        WORKING_ON.set(Some(id.clone()));
        let poll = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        WORKING_ON.set(None);
        match poll {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    outcome.await
}

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

/// Says that the runtime asked again for an event that was to make it exit.
pub(crate) fn from_survived_crash(id: &RequestId) {
    tell(id, "the runtime asked for its event again instead of exiting, so `crash` does nothing to it".to_owned());
}

fn tell(id: &RequestId, reason: String) {
    let hint = Some("the invocation goes on as if the layer were not there".to_owned());
    Line::from(Failed { part: "proxy", request_id: Some(id.to_string()), reason, hint, count: 1 }).emit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_nothing() {
        let id = RequestId::new("r-1");
        assert_eq!(from_panic(&id, async { 7 }).await, Some(7));
        let later = async {
            tokio::task::yield_now().await;
            assert_eq!(id.as_str(), "another", "a policy's host function broke");
        };
        assert_eq!(from_panic(&id, later).await, None);
    }

    #[test]
    fn a_panic_does_not_quote_what_it_broke_on() {
        let event = std::hint::black_box("a customer's secret".to_owned());
        let payload = |breaks: &dyn Fn()| catch_unwind(AssertUnwindSafe(breaks)).unwrap_err();
        let slices = payload(&|| drop(event["a customer's".len()..3].to_owned()));
        let asserts = payload(&|| assert_eq!(event, "another"));
        for panic in [slices, asserts] {
            assert!(panic.downcast_ref::<String>().unwrap().contains("customer"), "else nothing is shown");
            assert_eq!(words(&*panic), "its words are not told, since they may quote an event");
        }
        assert_eq!(words(&*payload(&|| panic!("the map is empty"))), "the map is empty");
    }
}
