//! Plans: what a policy asks for, built step by step.

use std::fmt;

use crate::Step;
use crate::carry::HandOver;
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
    /// Where the last step is not [`Fault::respond`](crate::Fault::respond).
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
    /// Where the last step is not [`Fault::respond`](crate::Fault::respond).
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
    /// Where the last step is not [`Fault::fail`](crate::Fault::fail).
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

    pub(crate) fn of(call: HandOver, step: Step) -> Self {
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

#[track_caller]
#[cold]
#[expect(clippy::panic, reason = "a mistake in the policy's own code: it must show in its tests")]
fn misplaced(what: &str) -> ! {
    panic!("{what}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Fault;

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
