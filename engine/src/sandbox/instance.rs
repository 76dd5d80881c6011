//! A live guest: configured once, asked often.

use std::sync::Arc;

use wasmtime::component::TypedFunc;
use wasmtime::{Store, UpdateDeadline};

use super::state::{Allowance, CpuBudget, HookCall, Phase, Place, Question, Reply, State, Wishes};
use super::{Cause, Component, host};
use crate::decision::Hook;

mod wire {
    wasmtime::component::flags! {
        Hooks {
            #[component(name = "before")]
            const BEFORE;
            #[component(name = "after")]
            const AFTER;
            #[component(name = "answer-body")]
            const ANSWER_BODY;
        }
    }
}

/// Which hooks a policy wants to be called, for its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before the handler sees the event.
    pub before: bool,
    /// After the handler answered.
    pub after: bool,
    /// With the answer's body in `after`.
    pub answer_body: bool,
}

impl From<wire::Hooks> for Hooks {
    fn from(flags: wire::Hooks) -> Self {
        Self {
            before: flags.contains(wire::Hooks::BEFORE),
            after: flags.contains(wire::Hooks::AFTER),
            answer_body: flags.contains(wire::Hooks::ANSWER_BODY),
        }
    }
}

/// Why a policy could not be configured.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The policy refused its settings, in its own words.
    #[error("it refuses its settings: {0}")]
    Settings(String),
    /// It trapped or broke a limit.
    #[error("it failed while it was configured: {cause}{}", last_words.as_ref().map(|said| format!(" ({said})")).unwrap_or_default())]
    Trapped {
        /// Why.
        cause: Cause,
        /// The last that it logged.
        last_words: Option<String>,
    },
}

impl Refusal {
    /// What it counts as where it befalls an instance that is made anew.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Settings(reason) => Cause::Trap(format!("a fresh instance refuses its settings: {reason}")),
            Self::Trapped { cause, .. } => cause.clone(),
        }
    }
}

type ConfigureResult = Result<wire::Hooks, String>;

/// One instance of a policy's component.
pub struct Instance {
    store: Store<State>,
    before: TypedFunc<(), ()>,
    after: TypedFunc<(), ()>,
}

impl Instance {
    pub(super) fn configure(
        component: &Component,
        place: &Arc<Place>,
        settings: &str,
    ) -> Result<(Self, Hooks), Refusal> {
        let mut store = new_store(component, place);
        store.data_mut().phase = Phase::Configure(settings.into());
        let granted = grant(&mut store, Allowance::CONFIGURE);
        let linked = granted.and_then(|()| component.ready().instantiate(&mut store)).and_then(|instance| {
            let configure: TypedFunc<(&str,), (ConfigureResult,)> = instance.get_typed_func(&mut store, "configure")?;
            let before = instance.get_typed_func(&mut store, "before")?;
            let after = instance.get_typed_func(&mut store, "after")?;
            let (hooks,) = configure.call(&mut store, (settings,))?;
            Ok((before, after, hooks))
        });
        let (before, after, hooks) = linked.map_err(|error| trapped(&mut store, &error))?;
        store.data_mut().phase = Phase::Idle;
        let hooks = hooks.map_err(|reason| Refusal::Settings(host::bounded(reason)))?;
        Ok((Self { store, before, after }, hooks.into()))
    }

    /// Calls `before`, or `after` where the question has an answer.
    pub(super) fn ask(&mut self, question: Question) -> Reply {
        let call = HookCall::new(question);
        let function = if call.hook == Hook::Before { self.before } else { self.after };
        self.store.data_mut().phase = Phase::Hook(Box::new(call));
        let result = grant(&mut self.store, Allowance::HOOK).and_then(|()| function.call(&mut self.store, ()));
        self.reply(result)
    }

    fn reply(&mut self, result: wasmtime::Result<()>) -> Reply {
        let state = self.store.data_mut();
        let said = std::mem::take(&mut state.said);
        let (allowance, refused_memory) = (state.allowance, state.memory_limit.refused);
        let Phase::Hook(call) = std::mem::replace(&mut state.phase, Phase::Idle) else {
            let outcome = Err(Cause::Trap("the hook's state is gone".to_owned()));
            return Reply { outcome, said, memory: crate::policy::Memory::default() };
        };
        match result {
            Ok(()) => Reply { outcome: Ok(call.wishes), said, memory: call.memory.commit() },
            Err(error) => {
                let outcome = Err(Cause::of(&error, allowance, refused_memory));
                Reply { outcome, said, memory: call.memory.discard() }
            }
        }
    }
}

fn trapped(store: &mut Store<State>, error: &wasmtime::Error) -> Refusal {
    let state = store.data_mut();
    let last_words = state.said.pop().map(|(_, message)| message);
    Refusal::Trapped { cause: Cause::of(error, state.allowance, state.memory_limit.refused), last_words }
}

fn new_store(component: &Component, place: &Arc<Place>) -> Store<State> {
    let mut store = Store::new(component.ready().engine(), State::new(Arc::clone(place)));
    store.limiter(|state| &mut state.memory_limit);
    // Wasmtime's own bound, in its own sizes, stays out of the way: texts and lists are taken lazily and counted by `Call`.
    store.set_hostcall_fuel(usize::MAX);
    store.epoch_deadline_callback(|mut context| {
        let state = context.data_mut();
        if state.cpu.spent() {
            Err(Cause::CpuTime(state.allowance.cpu).into())
        } else {
            Ok(UpdateDeadline::Continue(1))
        }
    });
    store
}

/// Everything that one call may use up.
fn grant(store: &mut Store<State>, allowance: Allowance) -> wasmtime::Result<()> {
    let state = store.data_mut();
    state.copied = 0;
    state.memory_limit.refused = false;
    state.allowance = allowance;
    state.cpu = CpuBudget::of(allowance.cpu);
    store.set_epoch_deadline(1);
    store.set_fuel(allowance.fuel.value)
}

impl Wishes {
    /// Whether the policy asked for nothing and forbade nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.forbid.is_none()
    }
}
