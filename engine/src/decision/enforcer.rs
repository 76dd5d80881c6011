//! One armed experiment version: it asks the policies and joins what they want.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::guard::{Carries, Guard};
use super::plan::{Decision, Note, NoteKind, RefusalReason};
use super::record::{Record, Records, Stopped};
use super::{FaultKind, Hook, PolicyName, Seed, Step};
use crate::digest::Digest;
use crate::experiment::{Elsewhere, Ends, Environment, Experiment, Here};
use crate::invocation::{Answer, Head, Invocation};
use crate::policy::Policy;
use crate::sandbox::{Hooks, Origin};
use crate::time::Timestamp;

/// One version of one experiment, loaded. It decides; it does not act, and it has no clock.
pub struct Enforcer {
    pub(super) experiment: Experiment,
    pub(super) digest: Digest,
    pub(super) environment: Environment,
    pub(super) carries: Carries,
    pub(super) policies: Vec<Policy>,
    pub(super) record: Arc<Record>,
}

/// An invocation that the experiment may touch, and by which policies.
#[derive(Debug)]
pub struct Admission {
    seed: Seed,
    /// A bit for each policy that was drawn, in the experiment's order.
    asked: u32,
    before: bool,
    after: bool,
    answer_body: bool,
    delayed_milliseconds: AtomicU64,
    /// Whether the invocation counts as touched: once, for both hooks.
    touched: AtomicBool,
    /// Whether a policy forbade the experiment to act on it, in either hook.
    forbidden: AtomicBool,
}

impl Admission {
    /// The invocation's seed: with the event, all that a replay needs.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Whether a policy wants to see the event.
    pub fn wants_before(&self) -> bool {
        self.before
    }

    /// Whether a policy wants to see the answer.
    pub fn wants_after(&self) -> bool {
        self.after
    }

    /// Whether a policy wants to see the whole of a buffered answer.
    pub fn wants_answer_body(&self) -> bool {
        self.answer_body
    }

    /// Whether a plan for the invocation stood.
    pub fn touched(&self) -> bool {
        self.touched.load(Ordering::Relaxed)
    }

    /// The decision where what it [spends](Decision::spends) cannot be kept: nothing of it stands, and the invocation does not
    /// count as touched. What was spent stays spent.
    pub fn not_kept(&self, decision: Decision) -> Decision {
        self.touched.store(false, Ordering::Relaxed);
        refused(decision, RefusalReason::NotKept)
    }

    /// How much delay the invocation was granted so far.
    pub fn delayed(&self) -> Duration {
        Duration::from_millis(self.delayed_milliseconds.load(Ordering::Relaxed))
    }
}

impl Enforcer {
    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The digest of what was delivered: the experiment's version.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policies and the digests of their components, in the experiment's order.
    pub fn policies(&self) -> impl Iterator<Item = (&PolicyName, Digest)> {
        self.policies.iter().map(|policy| (policy.name(), policy.digest()))
    }

    /// The policies and the hooks that they want, in the experiment's order.
    pub fn hooks(&self) -> impl Iterator<Item = (&PolicyName, Hooks)> {
        self.policies.iter().map(|policy| (policy.name(), policy.hooks()))
    }

    /// Where each policy's machine code came from, in the experiment's order.
    pub fn origins(&self) -> impl Iterator<Item = (&PolicyName, &Origin)> {
        self.policies.iter().map(|policy| (policy.name(), policy.origin()))
    }

    /// When it ends.
    pub fn expires(&self) -> Timestamp {
        expiry(&self.experiment)
    }

    /// The largest share of invocations, from 0 to 1, that a policy is asked about: the experiment's rate and the policy's
    /// own, drawn independently.
    pub fn rate(&self) -> f64 {
        let policies = self.policies.iter().map(|policy| policy.rate().share()).fold(0.0, f64::max);
        self.experiment.blast_radius.rate.share() * policies
    }

    /// Goes on with what these records remember of this version, and of others of the same name.
    pub fn keep_in(&mut self, records: &mut Records) {
        self.record = records.of(&self.experiment, self.digest);
    }

    /// Whether it has started and not expired.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.experiment.starts.is_none_or(|starts| starts <= now) && now < self.expires()
    }

    /// Whether the invocation lies within the blast radius, and where the experiment was published to: it may have come by
    /// an alias that does not, and from an account that was not known before.
    pub fn covers(&self, head: &Head) -> bool {
        self.published_here(head) && self.experiment.blast_radius.covers(&self.environment, &head.invoked_arn)
    }

    /// Why the experiment is not for this environment, where only an invocation tells: the account may not be known before.
    pub fn elsewhere(&self, head: &Head) -> Option<Elsewhere> {
        let published_to = &self.experiment.published_to;
        let account = if published_to.accounts.is_empty() { None } else { self.account(head) };
        let here = Here { account: account.as_deref(), region: &self.environment.region, environment: None };
        published_to.check(here).err()
    }

    fn account(&self, head: &Head) -> Option<Cow<'_, str>> {
        self.environment.account_by(&head.invoked_arn)
    }

    /// Whether it was published to where this invocation came, as far as is known; where accounts are named and this one
    /// is not known, it was not.
    fn published_here(&self, head: &Head) -> bool {
        let lacks_account = || self.experiment.published_to.lacks_account(self.account(head).as_deref());
        self.elsewhere(head).is_none() && !lacks_account()
    }

    /// How its `stop_when` was reached, where it was: then it injects nothing more in this environment.
    pub fn stopped(&self) -> Option<Stopped> {
        self.record.stopped()
    }

    /// Whether it wants to know how the handler of this invocation answers.
    pub fn watches(&self, head: &Head) -> bool {
        self.experiment.blast_radius.stop_when.is_some() && self.in_force(head.arrived) && self.covers(head)
    }

    /// The handler of an invocation that it [watches](Self::watches) answered, or failed. Of those that it touched before
    /// that it is not told. Gives once, with the answer that reaches `stop_when`, how it was reached.
    pub fn handler_answered(&self, failed: bool, now: Timestamp) -> Option<Stopped> {
        self.record.answered(self.experiment.blast_radius.stop_when.as_ref()?, failed, now)
    }

    /// Whether any policy may touch this invocation: time, blast radius and draws. None where the invocation passes as if
    /// there were no experiment. Cheap, and before the event is read.
    pub fn admit(&self, head: &Head) -> Option<Admission> {
        if !self.covers(head) || !self.in_force(head.arrived) || self.stopped().is_some() {
            return None;
        }
        let seed = Seed::of_invocation(&self.experiment.name, head);
        if !seed.eligible(self.experiment.blast_radius.rate.share()) {
            return None;
        }
        let drawn = |policy: &Policy| seed.asked(policy.name(), policy.rate().share());
        let asked =
            self.policies.iter().enumerate().filter(|(_, policy)| drawn(policy)).fold(0, |bits, (n, _)| bits | 1 << n);
        let wants = |hook| self.asked(asked).any(|policy| policy.wants(hook));
        let (before, after) = (wants(Hook::Before), wants(Hook::After));
        (before || after).then(|| Admission {
            seed,
            asked,
            before,
            after,
            answer_body: self.asked(asked).any(Policy::wants_answer_body),
            delayed_milliseconds: AtomicU64::new(0),
            touched: AtomicBool::new(false),
            forbidden: AtomicBool::new(false),
        })
    }

    /// Decides before the handler sees the event.
    pub fn before(&self, invocation: &Arc<Invocation>, admission: &Admission, now: Timestamp) -> Decision {
        self.decide(invocation, admission, None, now)
    }

    /// Decides once the handler answered.
    pub fn after(
        &self,
        invocation: &Arc<Invocation>,
        admission: &Admission,
        answer: &Arc<Answer>,
        now: Timestamp,
    ) -> Decision {
        self.decide(invocation, admission, Some(answer), now)
    }

    fn decide(
        &self,
        invocation: &Arc<Invocation>,
        admission: &Admission,
        answer: Option<&Arc<Answer>>,
        now: Timestamp,
    ) -> Decision {
        if !self.in_force(now) || self.stopped().is_some() {
            return Decision::default();
        }
        let hook = if answer.is_some() { Hook::After } else { Hook::Before };
        let mut notes = Vec::new();
        let Some(wanted) = self.ask_all(hook, invocation, admission, answer, &mut notes) else {
            return Decision { notes, ..Decision::default() };
        };
        if wanted.is_empty() {
            return Decision { notes, ..Decision::default() };
        }
        let guard = Guard {
            blast_radius: &self.experiment.blast_radius,
            carries: &self.carries,
            hook,
            answerable: invocation.answerable().is_some(),
            answer: answer.map(Arc::as_ref),
            batch: wanted.iter().any(|(_, step)| step.kind() == FaultKind::FailItems) && invocation.batch_size() > 0,
            shared: self.environment.shared(),
            delayed: admission.delayed(),
            now,
            deadline: invocation.head().deadline,
            memory_mb: self.environment.memory_mb,
        };
        let plan = guard.join(wanted, &mut notes);
        let decision = self.within_budget(Decision { plan, notes, spends: false }, admission, now);
        let delays = decision.plan.steps().iter().filter_map(|planned| planned.step.as_delay());
        let delay: u128 = delays.map(|delay| delay.as_millis()).sum();
        admission.delayed_milliseconds.fetch_add(u64::try_from(delay).unwrap_or(u64::MAX), Ordering::Relaxed);
        decision
    }

    /// The plan, where the budget has room for one more invocation or this one was counted before.
    fn within_budget(&self, decision: Decision, admission: &Admission, now: Timestamp) -> Decision {
        if decision.plan.is_empty() || admission.touched() {
            return decision;
        }
        match self.record.touch(&self.experiment.blast_radius.budget, now) {
            Ok(()) => {
                admission.touched.store(true, Ordering::Relaxed);
                Decision { spends: self.goes_by_its_record(), ..decision }
            }
            Err(reason) => refused(decision, reason),
        }
    }

    /// Whether what it may do depends on what it did before: it has a budget, or stops by itself.
    pub fn goes_by_its_record(&self) -> bool {
        let blast_radius = &self.experiment.blast_radius;
        !blast_radius.budget.is_unbounded() || blast_radius.stop_when.is_some()
    }

    /// What the policies want, in order; none where one of them forbids everything, or did before the handler. Each is asked all the same: what it
    /// remembers must not depend on its neighbours.
    fn ask_all(
        &self,
        hook: Hook,
        invocation: &Arc<Invocation>,
        admission: &Admission,
        answer: Option<&Arc<Answer>>,
        notes: &mut Vec<Note>,
    ) -> Option<Vec<(PolicyName, Step)>> {
        let mut wanted = Vec::new();
        for policy in self.asked(admission.asked).filter(|policy| policy.wants(hook)) {
            let wishes = policy.ask(invocation, answer, admission.seed, notes);
            let mut tell = |what| notes.push(Note { policy: policy.name().clone(), what });
            admission.forbidden.fetch_or(wishes.forbid.is_some(), Ordering::Relaxed);
            wishes.because.into_iter().for_each(|reason| tell(NoteKind::Because(reason)));
            wishes.forbid.into_iter().for_each(|reason| tell(NoteKind::Forbidden(reason)));
            wanted.extend(wishes.steps.into_iter().map(|step| (policy.name().clone(), step)));
        }
        (!admission.forbidden.load(Ordering::Relaxed)).then_some(wanted)
    }

    fn asked(&self, bits: u32) -> impl Iterator<Item = &Policy> {
        self.policies.iter().enumerate().filter(move |(n, _)| bits & (1 << n) != 0).map(|(_, policy)| policy)
    }
}

/// The decision with each step of its plan refused for this reason.
fn refused(mut decision: Decision, reason: RefusalReason) -> Decision {
    let plan = std::mem::take(&mut decision.plan);
    decision.notes.extend(plan.steps().iter().map(|planned| Note {
        policy: planned.policy.clone(),
        what: NoteKind::Refused { kind: planned.step.kind(), reason },
    }));
    decision
}

/// The end of an experiment that was checked; one that is not resolved has none, and so ends at the epoch.
pub(super) fn expiry(experiment: &Experiment) -> Timestamp {
    match experiment.ends {
        Ends::At(instant) => instant,
        Ends::After(_) => Timestamp::default(),
    }
}
