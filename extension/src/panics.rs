//! Panics of the layer's own code: each is told in one line, and ends no more than the work that it broke.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::pin::pin;
use std::task::Poll;

use misrule_engine::invocation::RequestId;

use crate::telemetry::{Failed, Line};

thread_local! {
    /// The invocation that this thread is working on, for the line that a panic writes.
    static WORKING_ON: RefCell<Option<RequestId>> = const { RefCell::new(None) };
}

/// From here on a panic writes one log line, and nothing to stderr.
pub fn tell_of_panics() {
    set_hook(Box::new(|panic| line(panic).emit()));
}

fn line(panic: &PanicHookInfo<'_>) -> Line {
    let request_id = WORKING_ON.with(|id| id.try_borrow().ok().and_then(|id| id.as_ref().map(ToString::to_string)));
    let part = if request_id.is_some() { "proxy" } else { "layer" };
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let reason = format!("panicked{place}: {}", words(panic.payload()));
    let hint = Some("the invocation goes on as if the layer were not there".to_owned());
    Failed { part, request_id, reason, hint, count: 1 }.into()
}

/// What a panic says, where it is a literal of the program's: what is put together at run time quotes what it broke on, and
/// that may be an event.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("its words are not told, since they may quote an event")
}

/// Does this, or gives nothing where it panicked. What it borrowed has to be good then too: only read, or replaced whole.
pub(crate) fn contain<T>(id: Option<&RequestId>, work: impl FnOnce() -> T) -> Option<T> {
    let before = WORKING_ON.replace(id.cloned());
    let done = catch_unwind(AssertUnwindSafe(work));
    WORKING_ON.set(before);
    done.ok()
}

/// The same of work that waits.
pub(crate) async fn contained<T>(id: Option<&RequestId>, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut id) = (pin!(work), id.cloned());
    let done = std::future::poll_fn(|cx| {
        let before = WORKING_ON.replace(id.take());
        let poll = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        id = WORKING_ON.replace(before);
        match poll {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    done.await
}

#[cfg(test)]
mod tests {
    use std::panic::take_hook;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_nothing() {
        let id = RequestId::new("r-1");
        assert_eq!(contained(Some(&id), async { 7 }).await, Some(7));
        let later = async {
            tokio::task::yield_now().await;
            assert_eq!(id.as_str(), "another", "a policy's host function broke");
        };
        assert_eq!(contained(Some(&id), later).await, None);
        assert_eq!((contain(None, || 7), contain::<()>(None, || panic!("it broke"))), (Some(7), None));
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

    /// The hook is the process's: while it is ours, panics of other tests are lines too, but not of this invocation.
    #[tokio::test]
    async fn a_panic_is_one_line_that_says_where_and_names_the_invocation_that_it_broke() {
        let (tell, told) = mpsc::channel();
        let theirs = take_hook();
        set_hook(Box::new(move |panic| tell.send(line(panic)).unwrap()));
        let id = RequestId::new("r-panics");
        let inner = || contain::<()>(None, || panic!("not of this invocation"));
        contained(Some(&id), async { inner().map_or_else(|| panic!("its words"), |()| 7) }).await;
        let event = std::hint::black_box("some of an event");
        contained(Some(&id), async { panic!("{event}") }).await.unwrap_or(());
        set_hook(theirs);
        let of_it = |line: Line| match line {
            Line::Failed(failed) if failed.request_id.as_deref() == Some("r-panics") => Some(failed),
            _ => None,
        };
        let told: Vec<_> = told.try_iter().filter_map(of_it).collect();
        let [literal, built] = &told[..] else { panic!("{told:?}") };
        assert!(literal.reason.starts_with("panicked at ") && literal.reason.ends_with(": its words"), "{literal:?}");
        assert!(literal.reason.contains("panics.rs:") && literal.part == "proxy", "{literal:?}");
        assert!(!built.reason.contains("some of an event"), "{built:?}");
    }
}
