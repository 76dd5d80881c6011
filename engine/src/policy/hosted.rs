//! A policy hosted in the sandbox.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Memory;
use crate::decision::{Hook, Note, NoteKind, PolicyName, Seed};
use crate::digest::Digest;
use crate::experiment::Rate;
use crate::invocation::{Answer, AnswerForm, Invocation};
use crate::limits;
use crate::sandbox::{Cause, Component, Hooks, Instance, Origin, Place, Question, Refusal, Reply, Sandbox, Wishes};

/// What a policy remembers, shared by the versions of one experiment: hooks of one policy never run at the same time.
pub type Remembered = Arc<Mutex<Memory>>;

/// Why a policy cannot be part of an experiment.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It refused its settings, or failed over them.
    #[error(transparent)]
    Configure(#[from] Refusal),
    /// It wants no hook at all.
    #[error("with these settings it asks for neither `before` nor `after`, so it can never act")]
    NoHook,
}

/// One policy of one experiment version.
pub struct Policy {
    name: PolicyName,
    rate: Rate,
    hooks: Hooks,
    sandbox: Sandbox,
    component: Component,
    place: Arc<Place>,
    settings: String,
    remembered: Remembered,
    live: Mutex<Live>,
}

/// The instance at hand and the record of the policy.
struct Live {
    instance: Option<Instance>,
    traps: u64,
}

impl Policy {
    /// Instantiates and configures a policy.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: it refuses its settings, fails over them, or asks for what there is not.
    pub fn configure(
        sandbox: &Sandbox,
        component: Component,
        place: Place,
        rate: Rate,
        settings: String,
        remembered: Remembered,
    ) -> Result<Self, PolicyError> {
        let name = place.policy.clone();
        let place = Arc::new(place);
        let (instance, hooks) = sandbox.configure(&component, &place, &settings)?;
        if !hooks.before && !hooks.after {
            return Err(PolicyError::NoHook);
        }
        let live = Mutex::new(Live { instance: Some(instance), traps: 0 });
        Ok(Self { name, rate, hooks, sandbox: sandbox.clone(), component, place, settings, remembered, live })
    }

    /// Its name in the experiment.
    pub fn name(&self) -> &PolicyName {
        &self.name
    }

    /// The digest of its component.
    pub fn digest(&self) -> Digest {
        self.component.digest()
    }

    /// Where its component's machine code came from.
    pub fn origin(&self) -> &Origin {
        self.component.origin()
    }

    /// The share of invocations that it is asked about.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// What it remembers, for the next version of its experiment.
    pub fn remembered(&self) -> Remembered {
        Arc::clone(&self.remembered)
    }

    /// The hooks that it wants.
    pub fn hooks(&self) -> Hooks {
        self.hooks
    }

    /// Whether it wants to be asked in this hook.
    pub fn wants(&self, hook: Hook) -> bool {
        match hook {
            Hook::Before => self.hooks.before,
            Hook::After => self.hooks.after,
        }
    }

    /// Whether it wants to see the whole of a buffered answer.
    pub fn wants_answer_body(&self) -> bool {
        self.hooks.after && self.hooks.answer_body
    }

    /// Asks about one invocation. Whatever its neighbours see of the answer, it sees no more than it declared. A policy that fails asks for nothing; what there is to tell goes to `notes`.
    pub fn ask(
        &self,
        invocation: &Arc<Invocation>,
        answer: Option<&Arc<Answer>>,
        seed: Seed,
        notes: &mut Vec<Note>,
    ) -> Wishes {
        let mut live = unpoisoned(&self.live);
        if live.traps >= limits::TRAPS.value {
            return Wishes::default();
        }
        let mut memory = unpoisoned(&self.remembered);
        let question = Question {
            invocation: Arc::clone(invocation),
            answer: answer.map(|answer| self.sees(answer)),
            seed,
            memory: std::mem::take(&mut memory),
        };
        let reply = match self.instance(&mut live) {
            Ok(mut instance) => {
                let reply = self.sandbox.ask(&mut instance, question);
                live.instance = Some(instance);
                reply
            }
            Err(refusal) => Reply { outcome: Err(refusal.cause()), said: Vec::new(), memory: question.memory },
        };
        *memory = reply.memory;
        notes.extend(reply.said.into_iter().map(|(level, message)| self.note(NoteKind::Said { level, message })));
        reply.outcome.unwrap_or_else(|cause| self.failed(&mut live, &cause, notes))
    }

    fn sees(&self, answer: &Arc<Answer>) -> Arc<Answer> {
        let hidden = answer.form() == AnswerForm::Whole && !self.hooks.answer_body;
        if hidden { Arc::new(answer.without_body()) } else { Arc::clone(answer) }
    }

    /// The kept instance, or a fresh one where a trap threw it away.
    fn instance(&self, live: &mut Live) -> Result<Instance, Refusal> {
        match live.instance.take() {
            Some(instance) => Ok(instance),
            None => self.sandbox.configure(&self.component, &self.place, &self.settings).map(|(instance, _)| instance),
        }
    }

    fn failed(&self, live: &mut Live, cause: &Cause, notes: &mut Vec<Note>) -> Wishes {
        live.instance = None;
        live.traps += 1;
        notes.push(self.note(NoteKind::Trapped { cause: cause.word(), detail: cause.to_string() }));
        if live.traps == limits::TRAPS.value {
            notes.push(self.note(NoteKind::Disabled));
        }
        Wishes::default()
    }

    fn note(&self, what: NoteKind) -> Note {
        Note { policy: self.name.clone(), what }
    }
}

/// A panic while the lock was held left nothing half done that the next call would see: instance and memory were taken out.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
