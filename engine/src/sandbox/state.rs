//! What the host keeps for one instance, and what its guest may see during one call.

use std::sync::Arc;
use std::time::Duration;

use super::Cause;
use super::memory_limit::MemoryLimit;
use crate::decision::{Chance, Hook, LogLevel, PolicyName, Seed, Step};
use crate::experiment::Environment;
use crate::invocation::{Answer, Invocation};
use crate::limits::{self, Limit};
use crate::matching::PatternCache;
use crate::policy::{Memory, Transaction};
use crate::time::Timestamp;

/// Where a policy runs and under which experiment: the same for all calls of one experiment version.
#[derive(Clone, Debug)]
pub struct Place {
    /// The function's execution environment.
    pub environment: Environment,
    /// The experiment's name.
    pub experiment: String,
    /// When the experiment starts; the epoch where it has started always.
    pub starts: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The policy's name.
    pub policy: PolicyName,
}

/// One hook to be called: everything that its decision may depend on, beside settings and place.
pub struct Question {
    /// What the policy is asked about.
    pub invocation: Arc<Invocation>,
    /// What the handler answered; none in `before`.
    pub answer: Option<Arc<Answer>>,
    /// The invocation's seed.
    pub seed: Seed,
    /// What the policy remembers.
    pub memory: Memory,
}

/// What a hook gave.
#[derive(Debug)]
pub struct Reply {
    /// The steps and reasons, or why there are none.
    pub outcome: Result<Wishes, Cause>,
    /// The policy's log lines, also where it failed.
    pub said: Vec<(LogLevel, String)>,
    /// What the policy remembers now; unchanged where it failed.
    pub memory: Memory,
}

/// What a policy asked for in one hook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// In order; at most the last is final.
    pub steps: Vec<Step>,
    /// Its reason.
    pub because: Option<String>,
    /// Whether nobody may act on this invocation, and why.
    pub forbid: Option<String>,
}

pub(super) struct State {
    pub(super) place: Arc<Place>,
    pub(super) memory_limit: MemoryLimit,
    pub(super) patterns: PatternCache,
    pub(super) phase: Phase,
    /// Bytes handed to the host in this call.
    pub(super) copied: usize,
    pub(super) said: Vec<(LogLevel, String)>,
    pub(super) allowance: Allowance,
    pub(super) cpu: CpuBudget,
}

/// What one call of a guest may use up.
#[derive(Clone, Copy)]
pub(super) struct Allowance {
    pub(super) fuel: Limit,
    pub(super) cpu: Limit,
}

impl Allowance {
    /// For `configure`.
    pub(super) const CONFIGURE: Self = Self { fuel: limits::FUEL_PER_CONFIGURE, cpu: limits::CPU_PER_CONFIGURE };
    /// For `before` and `after`.
    pub(super) const HOOK: Self = Self { fuel: limits::FUEL_PER_HOOK, cpu: limits::CPU_PER_HOOK };
}

/// What a guest may see now.
pub(super) enum Phase {
    /// Nothing: it is not being called.
    Idle,
    /// Its settings.
    Configure(Arc<str>),
    /// One invocation.
    Hook(Box<HookCall>),
}

pub(super) struct HookCall {
    pub(super) hook: Hook,
    pub(super) invocation: Arc<Invocation>,
    pub(super) answer: Option<Arc<Answer>>,
    pub(super) seed: Seed,
    /// None until the first draw: most hooks draw nothing.
    pub(super) chance: Option<Chance>,
    pub(super) memory: Transaction,
    pub(super) wishes: Wishes,
    pub(super) plan_bytes: usize,
}

/// CPU time of the guest's thread: looked at when an epoch passed, so that a short call pays nothing for it.
#[derive(Default)]
pub(super) struct CpuBudget {
    first_look: Option<Duration>,
    allowed: Duration,
}

impl CpuBudget {
    pub(super) fn of(milliseconds: Limit) -> Self {
        Self { first_look: None, allowed: Duration::from_millis(milliseconds.value) }
    }

    /// Whether the thread used more since the first look than is allowed.
    pub(super) fn spent(&mut self) -> bool {
        let used = thread_cpu_time();
        let first = *self.first_look.get_or_insert(used);
        used.saturating_sub(first) > self.allowed
    }
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl HookCall {
    pub(super) fn new(question: Question) -> Self {
        let hook = if question.answer.is_some() { Hook::After } else { Hook::Before };
        Self {
            hook,
            invocation: question.invocation,
            answer: question.answer,
            seed: question.seed,
            chance: None,
            memory: Transaction::begin(question.memory),
            wishes: Wishes::default(),
            plan_bytes: 0,
        }
    }

    /// The next number of the draws that this hook has of this policy.
    pub(super) fn draw(&mut self, policy: &PolicyName) -> f64 {
        let Self { seed, hook, chance, .. } = self;
        chance.get_or_insert_with(|| Chance::new(seed.of_hook(policy, *hook))).uniform()
    }
}

impl State {
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self {
            place,
            memory_limit: MemoryLimit::default(),
            patterns: PatternCache::default(),
            phase: Phase::Idle,
            copied: 0,
            said: Vec::new(),
            allowance: Allowance::HOOK,
            cpu: CpuBudget::default(),
        }
    }
}
