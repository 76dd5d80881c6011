//! What a decision writes: a line for each policy that injects (or would, in a dry run), and one for each note.

use std::time::Duration;

use misrule_engine::decision::{Decision, Hook, LogLevel, Note, NoteKind, PolicyName, Seed};
use misrule_engine::invocation::Head;

use super::line::{
    About, Cut, Faults, Forbidden, Injected, Level, Line, PolicyDisabled, PolicySaid, RefusedStep, Trapped, WouldHave,
};
use crate::control::Armed;
use crate::faults;

/// The lines of policies that inject, each to be written once: with the first of the policy's faults that is carried out.
#[derive(Debug, Default)]
pub struct Injections(Vec<(PolicyName, Line)>);

impl Injections {
    /// A fault of this policy is carried out, or is one that cannot fail and is about to be.
    pub fn tell(&mut self, policy: &PolicyName, armed: &Armed) {
        let untold = self.0.iter().position(|(of, _)| of == policy);
        untold.into_iter().for_each(|index| armed.tell(self.0.remove(index).1));
    }

    /// Whether the line of this policy is written.
    pub fn told(&self, policy: &PolicyName) -> bool {
        !self.0.iter().any(|(of, _)| of == policy)
    }
}

/// Writes what there is to tell about a decision; nothing where it changes nothing. What is to be injected is told by whoever
/// carries it out, and in a dry run here. `took` is how long all policies of the hook took together.
pub fn decision_lines(
    armed: &Armed,
    head: &Head,
    hook: Hook,
    decision: &Decision,
    took: Duration,
    dry_run: bool,
) -> Injections {
    let told = Told { armed, head, hook, decision, took, dry_run };
    let mut injections = Injections(told.injections());
    if dry_run {
        injections.0.drain(..).for_each(|(_, line)| armed.tell(line));
    }
    told.notes().into_iter().for_each(|line| armed.tell(line));
    injections
}

pub(super) struct Told<'a> {
    pub armed: &'a Armed,
    pub head: &'a Head,
    pub hook: Hook,
    pub decision: &'a Decision,
    pub took: Duration,
    pub dry_run: bool,
}

impl Told<'_> {
    pub(super) fn injections(&self) -> Vec<(PolicyName, Line)> {
        self.policies().into_iter().map(|policy| (policy.clone(), self.faults(policy))).collect()
    }

    pub(super) fn notes(&self) -> Vec<Line> {
        self.decision.notes.iter().filter_map(|note| self.note(note)).collect()
    }

    /// The policies whose steps are in the plan, in its order.
    fn policies(&self) -> Vec<&PolicyName> {
        let mut policies = Vec::new();
        for planned in self.decision.plan.steps() {
            if !policies.contains(&&planned.policy) {
                policies.push(&planned.policy);
            }
        }
        policies
    }

    fn faults(&self, policy: &PolicyName) -> Line {
        let steps = || self.decision.plan.steps().iter().filter(|planned| planned.policy == *policy);
        let faults = Faults {
            about: self.about(policy),
            faults: steps().map(|planned| planned.step.kind().name()).collect(),
            delays_ms: steps().filter_map(|planned| planned.step.as_delay()).map(milliseconds).collect(),
            seed: Seed::of_invocation(&self.armed.enforcer.experiment().name, self.head).to_string(),
            decision_us: u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            reason: self.reason(policy),
        };
        if self.dry_run { WouldHave(faults).into() } else { Injected(faults).into() }
    }

    fn reason(&self, policy: &PolicyName) -> Option<String> {
        self.decision.notes.iter().filter(|note| note.policy == *policy).find_map(|note| match &note.what {
            NoteKind::Because(reason) => Some(reason.clone()),
            _ => None,
        })
    }

    fn about(&self, policy: &PolicyName) -> About {
        let enforcer = &self.armed.enforcer;
        About {
            request_id: self.head.request_id.as_str().to_owned(),
            experiment: enforcer.experiment().name.clone(),
            version: self.armed.version.to_string(),
            policy: policy.to_string(),
            policy_digest: enforcer.policies().find(|(name, _)| *name == policy).map(|(_, digest)| digest),
            hook: self.hook.to_string(),
        }
    }

    fn note(&self, note: &Note) -> Option<Line> {
        let about = self.about(&note.policy);
        Some(match &note.what {
            // Part of the line of the policy's faults.
            NoteKind::Because(_) => return None,
            NoteKind::Forbidden(reason) => Forbidden { about, reason: reason.clone() }.into(),
            NoteKind::Cut { kind, wanted, allowed, reason } => {
                let [wanted_ms, allowed_ms] = [*wanted, *allowed].map(milliseconds);
                Cut { about, fault: kind.name(), wanted_ms, allowed_ms, reason: reason.to_string(), count: 1 }.into()
            }
            NoteKind::Refused { kind, reason } => {
                RefusedStep { about, fault: kind.name(), reason: faults::refusal(*kind, *reason), count: 1 }.into()
            }
            NoteKind::Trapped { cause, detail } => Trapped { about, cause, reason: detail.clone() }.into(),
            NoteKind::Disabled => {
                PolicyDisabled { about, reason: "it trapped too often under this version".to_owned() }.into()
            }
            NoteKind::Said { level, message } => {
                PolicySaid { about, level: level_of(*level), message: message.clone() }.into()
            }
        })
    }
}

fn milliseconds(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
}

const fn level_of(level: LogLevel) -> Level {
    match level {
        LogLevel::Debug => Level::Debug,
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warn,
        LogLevel::Error => Level::Error,
    }
}
