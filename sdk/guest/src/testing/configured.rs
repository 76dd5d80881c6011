//! A policy with its settings, ready to be asked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use misrule_engine::decision::{Chance, Hook, LogLevel, Seed};

use super::{Answer, Event, World};
use crate::host::double::{Call, Phase, enter, trap};
use crate::logging::Level;
use crate::{Hooks, Invocation, Plan, Policy, Response, carry, settings};

/// A policy that read its settings, with what it remembers and said.
#[derive(Debug)]
pub struct Configured<P> {
    policy: P,
    world: World,
    hooks: Hooks,
    memory: RefCell<BTreeMap<String, Vec<u8>>>,
    said: RefCell<Vec<(LogLevel, String)>>,
}

impl<P: Policy> Configured<P> {
    #[track_caller]
    pub(super) fn new(world: World, json: &str) -> Result<Self, String> {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(json) {
            trap(&format!("the settings are not JSON: {error}"));
        }
        let call = Call::new(world, Phase::Configure(json.to_owned()), BTreeMap::new());
        let (outcome, call) = enter(call, settings::read::<P>);
        let policy = outcome?;
        let hooks = policy.hooks();
        Ok(Self { policy, world: call.world, hooks, memory: RefCell::default(), said: RefCell::new(call.said) })
    }

    /// The policy itself.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// The hooks that it wants with these settings.
    pub fn hooks(&self) -> Hooks {
        self.hooks
    }

    /// What it asks for before the handler sees the event.
    ///
    /// # Panics
    ///
    /// Where the host would end the hook and inject nothing, and where the policy does not want this hook.
    #[track_caller]
    pub fn before(&self, event: &Event) -> Plan {
        self.want(Hooks::BEFORE, "`hooks()` does not include `Hooks::BEFORE`: the host would not call `before`");
        self.ask(event, None, |policy| policy.before(&Invocation(())))
    }

    /// What it asks for after the handler gave this answer.
    ///
    /// # Panics
    ///
    /// Where the host would end the hook and inject nothing, and where the policy does not want this hook.
    #[track_caller]
    pub fn after(&self, event: &Event, answer: &Answer) -> Plan {
        self.want(Hooks::AFTER, "`hooks()` does not include `Hooks::AFTER`: the host would not call `after`");
        self.ask(event, Some(answer), |policy| policy.after(&Invocation(()), &Response(())))
    }

    /// What it logged so far, the oldest first; forgotten once told.
    pub fn take_log(&self) -> Vec<(Level, String)> {
        let said = self.said.take();
        said.into_iter().map(|(level, message)| (level.into(), message)).collect()
    }

    #[track_caller]
    fn want(&self, hook: Hooks, otherwise: &str) {
        if !self.hooks.contains(hook) {
            trap(otherwise);
        }
    }

    fn ask(&self, event: &Event, answer: Option<&Answer>, ask: impl FnOnce(&P) -> Plan) -> Plan {
        let invocation = event.to_invocation(&self.world);
        let hook = if answer.is_some() { Hook::After } else { Hook::Before };
        let seed = Seed::of_invocation(&self.world.experiment, invocation.head()).of_hook(&self.world.policy, hook);
        let phase = Phase::Hook {
            answer: answer.map(|answer| answer.to(&invocation, self.hooks.contains(Hooks::ANSWER_BODY))),
            invocation: Box::new(invocation),
            chance: Box::new(Chance::new(seed)),
        };
        let call = Call::new(self.world.clone(), phase, self.memory.borrow().clone());
        let (plan, call) = enter(call, || {
            let plan = ask(&self.policy);
            carry::hand_over(&plan);
            plan
        });
        *self.memory.borrow_mut() = call.memory;
        self.said.borrow_mut().extend(call.said);
        plan
    }
}
