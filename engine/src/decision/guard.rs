//! The guard: what the experiment, the invocation and the layer allow of what the policies asked for, whatever they say.

use std::collections::HashSet;
use std::time::Duration;

use super::fault::{FaultKind, Hook, Step};
use super::plan::{CutReason, Note, NoteKind, Plan, PlannedStep, PolicyName, RefusalReason};
use crate::experiment::BlastRadius;
use crate::invocation::Answer;
use crate::limits;
use crate::time::Timestamp;

/// The faults that a layer can carry out, by hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carries(HashSet<(Hook, FaultKind)>);

impl Carries {
    /// Just these.
    pub fn new(carried_out: &[(Hook, FaultKind)]) -> Self {
        Self(carried_out.iter().copied().collect())
    }

    /// The whole catalogue.
    pub fn everything() -> Self {
        let hooks = [Hook::Before, Hook::After];
        Self(hooks.into_iter().flat_map(|hook| FaultKind::ALL.iter().map(move |kind| (hook, *kind))).collect())
    }

    fn carry(&self, hook: Hook, kind: FaultKind) -> bool {
        self.0.contains(&(hook, kind))
    }
}

/// What a step is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Guard<'a> {
    /// What the experiment allows.
    pub blast_radius: &'a BlastRadius,
    /// What the layer carries out.
    pub carries: &'a Carries,
    /// In which hook the policies were asked.
    pub hook: Hook,
    /// Whether the event is an HTTP request that this layer can answer.
    pub answerable: bool,
    /// What the handler answered; none before it did.
    pub answer: Option<&'a Answer>,
    /// Whether the event is a batch of records.
    pub batch: bool,
    /// Whether other invocations share the execution environment.
    pub shared: bool,
    /// Delay that earlier hooks of this invocation were granted.
    pub delayed: Duration,
    /// When the plan is about to be carried out.
    pub now: Timestamp,
    /// Lambda's deadline for the invocation.
    pub deadline: Timestamp,
    /// Memory of the function, in megabytes.
    pub memory_mb: u32,
}

impl Guard<'_> {
    /// Joins the policies' steps into one plan: cut, refused, and ended by the first final step that stands.
    pub fn join(&self, wanted: Vec<(PolicyName, Step)>, notes: &mut Vec<Note>) -> Plan {
        let mut steps = Vec::new();
        let mut delayed = self.delayed;
        for (policy, step) in wanted {
            let kind = step.kind();
            match self.judge(step, &mut delayed) {
                Verdict::Stands(step) => steps.push(PlannedStep { policy: policy.clone(), step }),
                Verdict::Cut { step, note } => {
                    steps.extend(step.map(|step| PlannedStep { policy: policy.clone(), step }));
                    notes.push(Note { policy, what: note });
                    continue;
                }
                Verdict::Refused(reason) => {
                    notes.push(Note { policy, what: NoteKind::Refused { kind, reason } });
                    continue;
                }
            }
            if kind.is_final() {
                break;
            }
        }
        Plan::new(steps)
    }

    fn judge(&self, step: Step, delayed: &mut Duration) -> Verdict {
        if let Some(reason) = self.refuses(&step) {
            return Verdict::Refused(reason);
        }
        let (kind, Some(wanted)) = (step.kind(), step.as_delay()) else {
            return Verdict::Stands(step);
        };
        let (allowed, reason) = self.allowed_delay(wanted, *delayed);
        *delayed += allowed;
        if allowed == wanted {
            return Verdict::Stands(step);
        }
        let step = (!allowed.is_zero()).then(|| step.for_so_long(allowed));
        Verdict::Cut { step, note: NoteKind::Cut { kind, wanted, allowed, reason } }
    }

    fn refuses(&self, step: &Step) -> Option<RefusalReason> {
        let kind = step.kind();
        if !self.blast_radius.faults.contains(&kind) {
            Some(RefusalReason::NotAllowed)
        } else if !self.carries.carry(self.hook, kind) {
            Some(RefusalReason::NotCarriedOut)
        } else if self.shared && kind.hits_the_whole_environment() {
            Some(RefusalReason::SharedEnvironment)
        } else if step.needs_http() && !self.answerable {
            Some(RefusalReason::NoHttpRequest)
        } else if self.is_too_much(step) {
            Some(RefusalReason::TooMuch)
        } else if kind == FaultKind::FailItems && !self.batch {
            Some(RefusalReason::NoBatch)
        } else if self.answer.is_some_and(Answer::failed) && kind.changes_the_result() {
            Some(RefusalReason::HandlerFailed)
        } else {
            None
        }
    }

    /// Whether it takes more of the environment than any environment of this size has.
    fn is_too_much(&self, step: &Step) -> bool {
        match step {
            Step::FillDisk(bytes) => *bytes > limits::DISK_FILLED.value,
            Step::HoldMemory(bytes) => *bytes > u64::from(self.memory_mb) * 1024 * 1024,
            Step::BurnCpu(duration) => *duration > Duration::from_millis(limits::CPU_BURNT.value),
            _ => false,
        }
    }

    /// What is left of a delay within the experiment's ceiling and before the deadline, after what was granted already.
    fn allowed_delay(&self, wanted: Duration, delayed: Duration) -> (Duration, CutReason) {
        let ceiling = self.blast_radius.max_delay.unwrap_or(Duration::MAX).saturating_sub(delayed);
        let margin = Duration::from_millis(limits::DEADLINE_MARGIN.value);
        let pending = delayed.saturating_sub(self.delayed);
        let remaining = self.deadline.minus(margin).since(self.now).saturating_sub(pending);
        if ceiling <= remaining {
            (wanted.min(ceiling), CutReason::MaxDelay)
        } else {
            (wanted.min(remaining), CutReason::Deadline)
        }
    }
}

enum Verdict {
    Stands(Step),
    Cut { step: Option<Step>, note: NoteKind },
    Refused(RefusalReason),
}
