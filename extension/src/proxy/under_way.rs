//! The invocations under way, and under which experiment each began.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use misrule_engine::decision::Admission;
use misrule_engine::invocation::{Head, Invocation, RequestId};

use crate::control::{Armed, Control, UnderWay};
use crate::faults::FailedItems;
use crate::faults::streamed::Ground;

/// Invocations that the runtime has, or is about to get.
///
/// Kept by request id and invocation id: a retry of an asynchronous invocation keeps its request id. On Managed Instances
/// many are under way at once, elsewhere one.
#[derive(Default)]
pub(crate) struct Invocations(Mutex<Vec<Entry>>);

struct Entry {
    head: Arc<Head>,
    after: Option<After>,
    /// A fault was to make the runtime exit, which it has not been seen to survive.
    crashed: bool,
    /// The experiment that wants to know how the handler answers.
    watching: Option<Arc<Armed>>,
    _under_way: UnderWay,
}

/// What the way back needs to know: the invocation, and the experiment it began under.
#[derive(Clone)]
pub(crate) struct After {
    /// The experiment that was in force when the event arrived.
    pub(crate) armed: Arc<Armed>,
    /// Which policies were drawn.
    pub(crate) admission: Arc<Admission>,
    /// The event, where a policy of `after` may ask for it.
    pub(crate) invocation: Arc<Invocation>,
    /// What is to be reported as failed whatever the handler answers.
    pub(crate) failed_items: Arc<FailedItems>,
}

/// Whether an event is seen for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is.
    Now,
    /// The runtime asked again before it answered, and Lambda delivered the event again. What was decided stands.
    Before,
}

impl After {
    /// What the faults of a stream go by once its request is under way.
    pub(crate) fn ground(&self, control: &Control) -> Ground {
        Ground::new(control.clone(), Arc::clone(&self.armed), Arc::clone(&self.invocation), &self.admission)
    }
}

impl Invocations {
    /// Notes that this invocation begins, and forgets those whose deadline has passed: nobody can answer them any more.
    pub(crate) fn begin(&self, head: &Arc<Head>, under_way: impl FnOnce() -> UnderWay) -> Begun {
        let mut entries = self.entries();
        if entries.iter().any(|entry| entry.is(head)) {
            return Begun::Before;
        }
        entries.retain(|entry| entry.head.deadline > head.arrived);
        entries.push(Entry {
            head: Arc::clone(head),
            after: None,
            crashed: false,
            watching: None,
            _under_way: under_way(),
        });
        Begun::Now
    }

    /// Keeps what the way back of this invocation needs.
    pub(crate) fn keep(&self, after: After) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is(after.invocation.head())) {
            entry.after = Some(after);
        }
    }

    /// This experiment wants to know how the handler of this invocation answers.
    pub(crate) fn watch(&self, head: &Head, armed: Arc<Armed>) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is(head)) {
            entry.watching = Some(armed);
        }
    }

    /// How the handler of this invocation answers may be due to a fault: that says nothing of the function.
    pub(crate) fn unwatch(&self, head: &Head) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is(head)) {
            entry.watching = None;
        }
    }

    /// The experiment that wants to know how the handler answers, once.
    pub(crate) fn watching(&self, request_id: &RequestId, invocation_id: Option<&str>) -> Option<Arc<Armed>> {
        let mut entries = self.entries();
        entries.iter_mut().find(|entry| entry.answers_to(request_id, invocation_id))?.watching.take()
    }

    /// What the way back needs, once: a second answer to one invocation passes as it is. Runtimes that echo no invocation
    /// id are known by the request id alone.
    pub(crate) fn answered(&self, request_id: &RequestId, invocation_id: Option<&str>) -> Option<After> {
        let mut entries = self.entries();
        entries.iter_mut().find(|entry| entry.answers_to(request_id, invocation_id))?.after.take()
    }

    /// A fault makes the runtime exit instead of serving this invocation.
    pub(crate) fn crash(&self, head: &Head) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is(head)) {
            entry.crashed = true;
        }
    }

    /// Whether the runtime asks for an event that was to make it exit: told once.
    pub(crate) fn survived(&self, head: &Head) -> bool {
        let mut entries = self.entries();
        let entry = entries.iter_mut().find(|entry| entry.is(head));
        entry.is_some_and(|entry| std::mem::replace(&mut entry.crashed, false))
    }

    /// Forgets an invocation that Lambda has an answer to.
    pub(crate) fn end(&self, request_id: &RequestId, invocation_id: Option<&str>) {
        let mut entries = self.entries();
        if let Some(index) = entries.iter().position(|entry| entry.answers_to(request_id, invocation_id)) {
            entries.swap_remove(index);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is(&self, head: &Head) -> bool {
        self.head.request_id == head.request_id && self.head.invocation_id == head.invocation_id
    }

    fn answers_to(&self, request_id: &RequestId, invocation_id: Option<&str>) -> bool {
        let head = &self.head;
        &head.request_id == request_id && (invocation_id.is_none() || head.invocation_id.as_deref() == invocation_id)
    }
}
