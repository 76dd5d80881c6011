//! The call that is under way on this thread: which hook, about what.

use std::cell::RefCell;
use std::collections::BTreeMap;

use misrule_engine::decision::{Chance, FaultKind, Hook, LogLevel};
use misrule_engine::invocation::{Answer, AnswerForm, Invocation};
use misrule_engine::matching::PatternCache;

use crate::testing::World;

/// One call of the policy, with all that the host knows.
pub(crate) struct Call {
    pub(crate) world: World,
    pub(crate) phase: Phase,
    pub(crate) patterns: PatternCache,
    /// What this call leaves in the memory.
    pub(crate) memory: BTreeMap<String, Vec<u8>>,
    pub(crate) said: Vec<(LogLevel, String)>,
    /// The final step of the plan so far.
    pub(crate) ended_by: Option<FaultKind>,
}

/// What is being asked.
pub(crate) enum Phase {
    /// `configure`, with these settings.
    Configure(String),
    /// `before` or `after`: the latter with what the handler answered.
    Hook { invocation: Box<Invocation>, answer: Option<Answer>, chance: Box<Chance> },
}

thread_local! {
    static UNDER_WAY: RefCell<Option<Call>> = const { RefCell::new(None) };
}

impl Call {
    pub(crate) fn new(world: World, phase: Phase, memory: BTreeMap<String, Vec<u8>>) -> Self {
        Self { world, phase, patterns: PatternCache::new(), memory, said: Vec::new(), ended_by: None }
    }

    /// The settings; only `configure` may look at them.
    pub(crate) fn settings(&self, function: &str) -> &str {
        match &self.phase {
            Phase::Configure(settings) => settings,
            Phase::Hook { .. } => trap(&format!("`{function}` may only be asked in `configure`")),
        }
    }

    /// The invocation; there is none in `configure`.
    pub(crate) fn invocation(&self, function: &str) -> &Invocation {
        match &self.phase {
            Phase::Hook { invocation, .. } => invocation,
            Phase::Configure(_) => outside_of_hooks(function),
        }
    }

    /// The answer; there is none but in `after`.
    pub(crate) fn answer(&self, function: &str) -> &Answer {
        match &self.phase {
            Phase::Hook { answer: Some(answer), .. } => answer,
            _ => trap(&format!("`{function}` may only be asked in `after`")),
        }
    }

    pub(crate) fn chance(&mut self, function: &str) -> &mut Chance {
        match &mut self.phase {
            Phase::Hook { chance, .. } => chance,
            Phase::Configure(_) => outside_of_hooks(function),
        }
    }

    /// The hook, and how much of the answer it sees.
    pub(crate) fn hook(&self, function: &str) -> (Hook, Option<AnswerForm>) {
        match &self.phase {
            Phase::Hook { answer: None, .. } => (Hook::Before, None),
            Phase::Hook { answer: Some(answer), .. } => (Hook::After, Some(answer.form())),
            Phase::Configure(_) => outside_of_hooks(function),
        }
    }
}

fn outside_of_hooks(function: &str) -> ! {
    trap(&format!("`{function}` may only be asked in `before` and `after`"))
}

/// Makes a call: what `act` asks the host is answered by it. Gives back what the call left behind.
pub(crate) fn enter<T>(call: Call, act: impl FnOnce() -> T) -> (T, Call) {
    /// A test that fails must not leave its call to the next one on this thread.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            UNDER_WAY.take();
        }
    }
    if UNDER_WAY.replace(Some(call)).is_some() {
        trap("a policy cannot be asked from within a policy");
    }
    let _leave = Leave;
    let outcome = act();
    let call = UNDER_WAY.take();
    (outcome, call.unwrap_or_else(|| trap("the call went missing")))
}

/// Asks the call that is under way.
pub(crate) fn with<T>(ask: impl FnOnce(&mut Call) -> T) -> T {
    UNDER_WAY.with_borrow_mut(|call| match call {
        Some(call) => ask(call),
        None => trap("there is no host here: ask through `misrule_sdk::testing`"),
    })
}

/// Where the host would end the hook, the test fails.
#[track_caller]
#[cold]
#[expect(clippy::panic, reason = "a double tells a test of a mistake by failing it")]
pub(crate) fn trap(reason: &str) -> ! {
    panic!("{reason}")
}
