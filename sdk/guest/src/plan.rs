//! Plans: what a policy asks for, built step by step.

use std::fmt;
use std::time::Duration;

use crate::Document;
use crate::carry::{self, HandOver};
use crate::settings::wording::text;

/// What one hook asks for: steps in order, a reason, or that nobody may act.
///
/// ```
/// use std::time::Duration;
/// use misrule_sdk::{Fault, Plan};
///
/// let plan = Fault::delay(Duration::from_secs(2))
///     .then(Fault::respond(503).header("retry-after", "2").body("try later"))
///     .because("brownout");
/// assert_eq!(plan.steps().len(), 2);
/// assert!(Plan::none().is_empty());
/// ```
#[derive(Clone, Default)]
#[must_use = "a plan does nothing unless the hook returns it"]
pub struct Plan {
    steps: Vec<Step>,
    /// How each of `steps` reaches the host.
    calls: Vec<HandOver>,
    reason: Option<String>,
    forbidden: Option<String>,
}

/// One step of a plan; each is a function of the contract's interface `faults`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Hold the event or the answer back.
    Delay(Duration),
    /// Answer in the caller's own HTTP shape. Final.
    RespondHttp {
        /// 100 to 599.
        status: u16,
        /// In order; names may repeat.
        headers: Vec<(String, String)>,
        /// The body's bytes.
        body: Vec<u8>,
    },
    /// Answer with this JSON text. Final.
    ReturnJson(String),
    /// Report a function error. Final.
    Fail {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
        /// `stackTrace`, a frame each.
        stack: Vec<String>,
    },
    /// Never answer. Final.
    Hang,
    /// Make the runtime exit. Final.
    Crash,
    /// Replace or remove what stands at a pointer.
    Edit {
        /// In which document.
        document: Document,
        /// An RFC 6901 pointer.
        pointer: String,
        /// JSON text; none removes.
        value: Option<String>,
    },
    /// Set or remove a header.
    SetHeader {
        /// Of any case.
        name: String,
        /// None removes.
        value: Option<String>,
    },
    /// Change the answer's status.
    SetStatus(u16),
    /// Report these records of the batch as failed.
    FailItems(Vec<String>),
    /// Cut the answer's body to this many bytes.
    Truncate(u32),
    /// Overwrite this share of the answer's body with noise.
    Garble(f64),
    /// Bytes per second of a streamed answer.
    Throttle(u32),
    /// Stop a streamed answer for a while.
    Pause {
        /// Bytes that pass first.
        after_bytes: u64,
        /// How long.
        duration: Duration,
    },
    /// End a streamed answer after this many bytes, as a crash would.
    Cut(u64),
    /// End a streamed answer with an error trailer.
    BreakOff {
        /// Bytes that pass first.
        after_bytes: u64,
        /// The trailer's error type.
        error_type: String,
        /// The trailer's message.
        message: String,
    },
    /// Bytes of /tmp to fill until the invocation ends.
    FillDisk(u64),
    /// Bytes of memory to hold until the invocation ends.
    HoldMemory(u64),
    /// CPU time to burn.
    BurnCpu(Duration),
    /// Names that fail to resolve until the invocation ends.
    BlockHosts(Vec<String>),
}

impl Plan {
    /// Do nothing.
    pub const fn none() -> Self {
        Self { steps: Vec::new(), calls: Vec::new(), reason: None, forbidden: None }
    }

    /// No policy of this experiment may act on this invocation: wins over every plan, whatever the order. The reason goes
    /// into the log.
    pub fn forbid(reason: impl Into<String>) -> Self {
        Self { forbidden: Some(reason.into()), ..Self::none() }
    }

    /// And then that. Behind a final step nothing may follow: the host drops the whole plan.
    pub fn then(mut self, next: Self) -> Self {
        self.steps.extend(next.steps);
        self.calls.extend(next.calls);
        self.reason = both(self.reason, next.reason);
        self.forbidden = both(self.forbidden, next.forbidden);
        self
    }

    /// The reason for this plan: for the log line, and for a dry run's "would have".
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = both(self.reason, Some(reason.into()));
        self
    }

    /// Adds a header to the answer that the last step makes.
    ///
    /// # Panics
    ///
    /// Where the last step is not [`Fault::respond`].
    #[track_caller]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        match self.steps.last_mut() {
            Some(Step::RespondHttp { headers, .. }) => headers.push((name.into(), value.into())),
            _ => misplaced("`header` belongs right behind `Fault::respond`"),
        }
        self
    }

    /// Sets the body of the answer that the last step makes.
    ///
    /// # Panics
    ///
    /// Where the last step is not [`Fault::respond`].
    #[track_caller]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        match self.steps.last_mut() {
            Some(Step::RespondHttp { body, .. }) => *body = bytes.into(),
            _ => misplaced("`body` belongs right behind `Fault::respond`"),
        }
        self
    }

    /// Adds a frame to the stack trace of the error that the last step reports.
    ///
    /// # Panics
    ///
    /// Where the last step is not [`Fault::fail`].
    #[track_caller]
    pub fn frame(mut self, frame: impl Into<String>) -> Self {
        match self.steps.last_mut() {
            Some(Step::Fail { stack, .. }) => stack.push(frame.into()),
            _ => misplaced("`frame` belongs right behind `Fault::fail`"),
        }
        self
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The reason given; several are joined by semicolons.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Why every plan is forbidden; none where this one forbids nothing.
    pub fn forbidden(&self) -> Option<&str> {
        self.forbidden.as_deref()
    }

    /// Whether it asks for nothing at all: no step, and nothing forbidden.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.forbidden.is_none()
    }

    /// Hands the steps to the host in order.
    pub(crate) fn hand_each_over(&self) {
        self.steps.iter().zip(&self.calls).for_each(|(step, call)| call(step));
    }

    fn of(call: HandOver, step: Step) -> Self {
        Self { steps: vec![step], calls: vec![call], ..Self::none() }
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        (&self.steps, &self.reason, &self.forbidden) == (&other.steps, &other.reason, &other.forbidden)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, reason, forbidden, .. } = self;
        let mut plan = formatter.debug_struct("Plan");
        plan.field("steps", steps).field("reason", reason).field("forbidden", forbidden).finish()
    }
}

/// The host keeps one reason a plan.
fn both(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(text(&[&first, "; ", &second])),
        (first, second) => first.or(second),
    }
}

/// The contract counts milliseconds, in 32 bits.
fn whole(duration: Duration) -> Duration {
    Duration::from_millis(u64::from(carry::milliseconds(duration)))
}

#[track_caller]
#[cold]
#[expect(clippy::panic, reason = "a mistake in the policy's own code: it must show in its tests")]
fn misplaced(what: &str) -> ! {
    panic!("{what}")
}

/// The catalogue of faults. Each makes a [`Plan`] of one step; [`Plan::then`] joins them.
///
/// | hook | faults it may ask for |
/// | --- | --- |
/// | `before` | delay, respond, return_json, fail, hang, crash, edit, remove, set_header, remove_header, fail_items, fill_disk, hold_memory, burn_cpu, block_hosts |
/// | `after` | delay, fail, hang; with [`Hooks::ANSWER_BODY`](crate::Hooks::ANSWER_BODY) also respond, return_json, edit, remove, set_header, remove_header, set_status, truncate, garble, fail_items |
/// | `after`, of a streamed answer | delay, throttle, pause, cut, break_off |
///
/// Anything else makes the host throw the plan away.
#[derive(Debug)]
pub enum Fault {}

impl Fault {
    /// Hold the event (before) or the answer (after) back, by the millisecond; 49 days at most.
    pub fn delay(duration: Duration) -> Plan {
        Plan::of(carry::delay, Step::Delay(whole(duration)))
    }

    /// Final. Answer in the caller's own HTTP shape, with [`Plan::header`] and [`Plan::body`]. Dropped where the event is
    /// no HTTP request.
    pub fn respond(status: u16) -> Plan {
        Plan::of(carry::respond_http, Step::RespondHttp { status, headers: Vec::new(), body: Vec::new() })
    }

    /// Final. Answer with this JSON text, whatever the event is.
    pub fn return_json(json: impl Into<String>) -> Plan {
        Plan::of(carry::return_json, Step::ReturnJson(json.into()))
    }

    /// Final. Report a function error, with [`Plan::frame`] for its stack trace.
    pub fn fail(error_type: impl Into<String>, message: impl Into<String>) -> Plan {
        Plan::of(carry::fail, Step::Fail { error_type: error_type.into(), message: message.into(), stack: Vec::new() })
    }

    /// Final. Never answer: Lambda times the invocation out.
    pub fn hang() -> Plan {
        Plan::of(carry::hang, Step::Hang)
    }

    /// Final. Make the runtime exit, as a crash would.
    pub fn crash() -> Plan {
        Plan::of(carry::crash, Step::Crash)
    }

    /// Put this JSON text at the pointer, in the event (before) or the answer (after).
    pub fn edit(document: Document, pointer: impl Into<String>, json: impl Into<String>) -> Plan {
        Plan::of(carry::edit, Step::Edit { document, pointer: pointer.into(), value: Some(json.into()) })
    }

    /// Remove what stands at the pointer.
    pub fn remove(document: Document, pointer: impl Into<String>) -> Plan {
        Plan::of(carry::edit, Step::Edit { document, pointer: pointer.into(), value: None })
    }

    /// Set a header of the event (before) or the answer (after).
    pub fn set_header(name: impl Into<String>, value: impl Into<String>) -> Plan {
        Plan::of(carry::set_header, Step::SetHeader { name: name.into(), value: Some(value.into()) })
    }

    /// Remove a header.
    pub fn remove_header(name: impl Into<String>) -> Plan {
        Plan::of(carry::set_header, Step::SetHeader { name: name.into(), value: None })
    }

    /// Change the answer's status.
    pub fn set_status(status: u16) -> Plan {
        Plan::of(carry::set_status, Step::SetStatus(status))
    }

    /// Report these records of the batch as failed, beside those that the handler reports.
    pub fn fail_items(ids: impl IntoIterator<Item = impl Into<String>>) -> Plan {
        Plan::of(carry::fail_items, Step::FailItems(ids.into_iter().map(Into::into).collect()))
    }

    /// Cut the answer's decoded body to this many bytes.
    pub fn truncate(bytes: u32) -> Plan {
        Plan::of(carry::truncate, Step::Truncate(bytes))
    }

    /// Overwrite this share (0 to 1) of the answer's body with noise.
    pub fn garble(rate: f64) -> Plan {
        Plan::of(carry::garble, Step::Garble(rate))
    }

    /// Let a streamed answer through at this many bytes a second.
    pub fn throttle(bytes_per_second: u32) -> Plan {
        Plan::of(carry::throttle, Step::Throttle(bytes_per_second))
    }

    /// Stop a streamed answer for a while, after this many bytes.
    pub fn pause(after_bytes: u64, duration: Duration) -> Plan {
        Plan::of(carry::pause, Step::Pause { after_bytes, duration: whole(duration) })
    }

    /// End a streamed answer after this many bytes as a crash would: truncated, no clean end.
    pub fn cut(after_bytes: u64) -> Plan {
        Plan::of(carry::cut, Step::Cut(after_bytes))
    }

    /// End a streamed answer after this many bytes with an error trailer.
    pub fn break_off(after_bytes: u64, error_type: impl Into<String>, message: impl Into<String>) -> Plan {
        Plan::of(
            carry::break_off,
            Step::BreakOff { after_bytes, error_type: error_type.into(), message: message.into() },
        )
    }

    /// Fill this many bytes of /tmp until the invocation ends.
    pub fn fill_disk(bytes: u64) -> Plan {
        Plan::of(carry::fill_disk, Step::FillDisk(bytes))
    }

    /// Hold this many bytes of memory until the invocation ends.
    pub fn hold_memory(bytes: u64) -> Plan {
        Plan::of(carry::hold_memory, Step::HoldMemory(bytes))
    }

    /// Burn this much CPU time.
    pub fn burn_cpu(duration: Duration) -> Plan {
        Plan::of(carry::burn_cpu, Step::BurnCpu(whole(duration)))
    }

    /// Let these names fail to resolve until the invocation ends.
    pub fn block_hosts(names: impl IntoIterator<Item = impl Into<String>>) -> Plan {
        Plan::of(carry::block_hosts, Step::BlockHosts(names.into_iter().map(Into::into).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_reasons_and_prohibitions_join_in_order() {
        let plan = Fault::delay(Duration::from_millis(5)).because("a").then(Fault::hang().because("b"));
        assert_eq!(plan.steps(), [Step::Delay(Duration::from_millis(5)), Step::Hang]);
        assert_eq!(plan.reason(), Some("a; b"));
        assert_eq!(Fault::hang().then(Plan::forbid("no")).forbidden(), Some("no"));
    }

    #[test]
    fn headers_and_body_belong_to_the_last_answer() {
        let plan = Fault::respond(503).header("a", "1").header("a", "2").body("x");
        let headers = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        assert_eq!(plan.steps(), [Step::RespondHttp { status: 503, headers, body: b"x".to_vec() }]);
    }

    #[test]
    #[should_panic(expected = "`header` belongs right behind `Fault::respond`")]
    fn a_header_behind_a_delay_is_a_mistake() {
        let _ = Fault::delay(Duration::ZERO).header("a", "1");
    }

    #[test]
    fn a_reason_alone_is_no_plan() {
        assert!(Plan::none().because("nothing to do").is_empty());
        assert!(!Plan::forbid("no").is_empty());
    }
}
