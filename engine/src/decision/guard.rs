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
        let mut granted = Granted { delayed: self.delayed, ..Granted::default() };
        for (policy, step) in wanted {
            let kind = step.kind();
            match self.judge(step, &mut granted) {
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

    fn judge(&self, step: Step, granted: &mut Granted) -> Verdict {
        let with_this = granted.and(&step);
        if let Some(reason) = self.refuses(&step, &with_this) {
            return Verdict::Refused(reason);
        }
        *granted = with_this;
        let (kind, Some(wanted)) = (step.kind(), step.as_delay()) else {
            return Verdict::Stands(step);
        };
        let (allowed, reason) = self.allowed_delay(wanted, granted.delayed);
        granted.delayed += allowed;
        if allowed == wanted {
            return Verdict::Stands(step);
        }
        let step = (!allowed.is_zero()).then(|| step.for_so_long(allowed));
        Verdict::Cut { step, note: NoteKind::Cut { kind, wanted, allowed, reason } }
    }

    /// `with_this` is what the plan takes with this step.
    fn refuses(&self, step: &Step, with_this: &Granted) -> Option<RefusalReason> {
        let kind = step.kind();
        if !self.blast_radius.faults.contains(&kind) {
            Some(RefusalReason::NotAllowed)
        } else if !self.carries.carry(self.hook, kind) {
            Some(RefusalReason::NotCarriedOut)
        } else if self.shared && kind.hits_the_whole_environment() {
            Some(RefusalReason::SharedEnvironment)
        } else if step.needs_http() && !self.answerable {
            Some(RefusalReason::NoHttpRequest)
        } else if self.is_too_much(with_this) {
            Some(RefusalReason::TooMuch)
        } else if kind == FaultKind::FailItems && !self.batch {
            Some(RefusalReason::NoBatch)
        } else if self.answer.is_some_and(Answer::failed) && kind.changes_the_result() {
            Some(RefusalReason::HandlerFailed)
        } else {
            None
        }
    }

    /// Whether a plan takes more of the environment than any environment of this size has.
    fn is_too_much(&self, plan: &Granted) -> bool {
        plan.disk > limits::DISK_FILLED.value
            || plan.memory > u64::from(self.memory_mb) * 1024 * 1024
            || plan.cpu > Duration::from_millis(limits::CPU_BURNT.value)
            || plan.stressors > limits::STRESSORS.value
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

/// What the plan of an invocation was granted so far, all its policies together.
#[derive(Clone, Copy, Debug, Default)]
struct Granted {
    /// By the hook before, too.
    delayed: Duration,
    /// Bytes.
    disk: u64,
    /// Bytes.
    memory: u64,
    cpu: Duration,
    /// Processes that take memory or CPU time.
    stressors: u64,
}

impl Granted {
    /// The same with what this step takes of the environment besides.
    fn and(self, step: &Step) -> Self {
        let one_more = self.stressors.saturating_add(1);
        match step {
            Step::FillDisk(bytes) => Self { disk: self.disk.saturating_add(*bytes), ..self },
            Step::HoldMemory(bytes) => Self { memory: self.memory.saturating_add(*bytes), stressors: one_more, ..self },
            Step::BurnCpu(duration) => Self { cpu: self.cpu.saturating_add(*duration), stressors: one_more, ..self },
            _ => self,
        }
    }
}

enum Verdict {
    Stands(Step),
    Cut { step: Option<Step>, note: NoteKind },
    Refused(RefusalReason),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;

    const MIB: u64 = 1024 * 1024;
    const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

    /// Which of these steps are refused in a function of 128 MB; each second one is another policy's.
    fn refused(steps: &[Step]) -> Vec<usize> {
        let text =
            "name = \"a\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"*\"]\n[[policy]]\nuse = \"latency\"\n";
        let mut blast_radius = Experiment::from_toml(text).unwrap().blast_radius;
        blast_radius.faults = FaultKind::ALL.to_vec();
        let guard = Guard {
            blast_radius: &blast_radius,
            carries: &Carries::everything(),
            hook: Hook::Before,
            answerable: true,
            answer: None,
            batch: false,
            shared: false,
            delayed: Duration::ZERO,
            now: NOW,
            deadline: NOW.plus(Duration::from_secs(900)),
            memory_mb: 128,
        };
        let policy = |index: usize| PolicyName::new(["first", "second"][index % 2]);
        let wanted = steps.iter().enumerate().map(|(index, step)| (policy(index), step.clone())).collect();
        let mut notes = Vec::new();
        let plan = guard.join(wanted, &mut notes);
        assert!(notes.iter().all(|note| matches!(note.what, NoteKind::Refused { reason: RefusalReason::TooMuch, .. })));
        let stands = |step: &Step| plan.steps().iter().any(|planned| planned.step == *step);
        (0..steps.len()).filter(|index| !stands(&steps[*index])).collect()
    }

    #[test]
    fn what_the_steps_of_a_plan_take_adds_up() {
        let (disk, cpu) = (Step::FillDisk, |seconds| Step::BurnCpu(Duration::from_secs(seconds)));
        let memory = |mib| Step::HoldMemory(mib * MIB);
        let rows = [
            (vec![memory(128)], vec![]),
            (vec![memory(129)], vec![0]),
            (vec![memory(100), memory(29), memory(28)], vec![1]),
            (vec![memory(128), Step::HoldMemory(1)], vec![1]),
            (vec![Step::HoldMemory(u64::MAX), memory(1)], vec![0]),
            (vec![memory(1), Step::HoldMemory(u64::MAX)], vec![1]),
            (vec![cpu(600), cpu(301), cpu(300)], vec![1]),
            (vec![disk(10_000 * MIB), disk(241 * MIB), disk(240 * MIB)], vec![1]),
            (vec![disk(10_240 * MIB), memory(128), cpu(900)], vec![]),
        ];
        for (steps, expected) in rows {
            assert_eq!(refused(&steps), expected, "{steps:?}");
        }
    }

    #[test]
    fn a_plan_starts_so_many_processes_and_no_more() {
        let most = limits::STRESSORS.value;
        let steps: Vec<_> = (1..=most + 2).map(Step::HoldMemory).collect();
        assert_eq!(refused(&steps), [limits::STRESSORS.size(), limits::STRESSORS.size() + 1]);
    }
}
