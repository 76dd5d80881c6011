//! The only module that acts: each step of a plan becomes a pause, an answer or an error.
//!
//! Each fault is one file with the same items in the same order: `KIND`, `HOOKS`, `carry_out`, tests.

mod answer;
pub mod block_hosts;
pub mod break_off;
pub mod burn_cpu;
pub mod crash;
pub mod cut;
pub mod delay;
pub mod edit;
pub mod fail;
pub mod fail_items;
pub mod fill_disk;
pub mod garble;
pub mod hang;
pub mod hold_memory;
mod lasting;
pub mod pause;
pub mod respond_http;
pub mod return_json;
pub mod set_header;
pub mod set_status;
pub mod streamed;
mod stressor;
pub mod throttle;
pub mod truncate;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use misrule_engine::decision::{Carries, FaultKind, Hook, PlannedStep, PolicyName, Step};
use misrule_engine::invocation::{EditError, Invocation};

pub use self::block_hosts::Names;
pub use self::fail_items::FailedItems;
pub use self::lasting::Lasting;
pub use self::stressor::stress;
use crate::clock;
use crate::control::{Armed, Control};
use crate::settings::{BlockHosts, InvokeMode, Settings};
use crate::telemetry::{About, FaultEnded, FaultFailed, Injections, Line};

/// Bytes of a function's result or error that Lambda takes: 6 MiB and 100 bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_ANSWER: usize = 6 * 1024 * 1024 + 100;

/// What Lambda itself takes.
const LAMBDA: Limit = Limit { bytes: MAX_ANSWER, who: "Lambda" };

/// What this layer carries out, and in which hook. The engine refuses the rest before it reaches us.
pub const CARRIED_OUT: &[(Hook, FaultKind)] = &[
    (Hook::Before, delay::KIND),
    (Hook::Before, respond_http::KIND),
    (Hook::Before, return_json::KIND),
    (Hook::Before, fail::KIND),
    (Hook::Before, hang::KIND),
    (Hook::Before, crash::KIND),
    (Hook::Before, edit::KIND),
    (Hook::Before, set_header::KIND),
    (Hook::Before, fill_disk::KIND),
    (Hook::Before, hold_memory::KIND),
    (Hook::Before, burn_cpu::KIND),
    (Hook::Before, block_hosts::KIND),
    (Hook::Before, fail_items::KIND),
    (Hook::After, delay::KIND),
    (Hook::After, respond_http::KIND),
    (Hook::After, return_json::KIND),
    (Hook::After, fail::KIND),
    (Hook::After, hang::KIND),
    (Hook::After, edit::KIND),
    (Hook::After, set_header::KIND),
    (Hook::After, set_status::KIND),
    (Hook::After, truncate::KIND),
    (Hook::After, garble::KIND),
    (Hook::After, fail_items::KIND),
    (Hook::After, throttle::KIND),
    (Hook::After, pause::KIND),
    (Hook::After, cut::KIND),
    (Hook::After, break_off::KIND),
];

/// What a layer with these settings carries out.
pub fn carries(settings: &Settings) -> Carries {
    let wanted = |pair: &&(Hook, FaultKind)| pair.1 != block_hosts::KIND || settings.block_hosts == BlockHosts::Allowed;
    Carries::new(&CARRIED_OUT.iter().filter(wanted).copied().collect::<Vec<_>>())
}

/// The invocation that a fault hits, and who wanted it.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Says when an experiment has to stop.
    pub control: &'a Control,
    /// The experiment that the invocation began under.
    pub armed: &'a Armed,
    /// The invocation.
    pub invocation: &'a Invocation,
    /// The event (before) or the answer's body (after), as the steps before this one left it.
    pub text: &'a Bytes,
    /// Keeps what outlives its step.
    pub lasting: &'a Lasting,
    /// Records that are to be reported as failed.
    pub failed_items: &'a FailedItems,
    /// Before the handler or after it.
    pub hook: Hook,
    /// How function URLs and REST APIs wait for an answer.
    pub invoke_mode: InvokeMode,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is over; what follows in the plan is next.
    Done,
    /// The event, or the answer's body, is now this; what follows in the plan is next.
    Changed(Bytes),
    /// The invocation is to be answered with this, and not by its handler.
    Answer(Post),
    /// The runtime is to exit: the answer in which it waits for the event breaks off.
    Crash,
}

/// An answer of ours to an invocation, as the Runtime API takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Who wanted it.
    pub policy: PolicyName,
    /// The fault.
    pub kind: FaultKind,
    /// A result or an error.
    pub outcome: Outcome,
    /// The body; at most [`MAX_ANSWER`] bytes.
    pub body: Bytes,
}

/// Whether an answer is a result, and how it travels, or an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What the handler would have returned.
    Response,
    /// The same as a stream that begins with its HTTP prelude.
    Stream,
    /// What the handler would have thrown, with the headers that describe it.
    Error(Vec<(HeaderName, HeaderValue)>),
}

/// A fault could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The answer is too large for Lambda, or for the service that invoked it.
    #[error("the answer takes {size} bytes, more than the {limit} that {who} accepts")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
        /// Who accepts no more.
        who: &'static str,
    },
    /// The target group has one value for each header.
    #[error(
        "the answer sets {count} cookies, and of more than one the load balancer keeps the last: its target group needs multi-value headers"
    )]
    ManyCookies {
        /// How many.
        count: usize,
    },
    /// The event is no HTTP request whose shape is known.
    #[error("the event, from `{source_name}`, is no HTTP request that can be answered")]
    NotAnswerable {
        /// Where it came from.
        source_name: &'static str,
    },
    /// The batch has no such record.
    #[error("no record of the batch has any of these ids")]
    NoSuchRecord,
    /// What is to be changed has no such place.
    #[error("the {what} cannot be changed as wanted: {lacks}")]
    Unchangeable {
        /// The event or the answer.
        what: &'static str,
        /// What it lacks.
        lacks: EditError,
    },
    /// The environment does not give what was to be taken of it.
    #[error("the {what} cannot be taken: {why}")]
    NotTaken {
        /// Which resource.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// What hosts this proxy is not the layer's program, which is also its stressor.
    #[error("the layer's own program is not known, so none can be started beside it")]
    NoStressor,
    /// There is no page that runtimes could read.
    #[error("the layer has no page for names: see its first lines")]
    NoNames,
    /// Nothing in the runtime reads the page.
    #[error("the runtime was started without the layer's library: a line of misrule-wrapper says why")]
    NotPreloaded,
    /// One of the names is none that can be blocked.
    #[error("{0}: nothing is blocked")]
    NotBlocked(String),
}

impl FaultError {
    fn took(what: &'static str, error: &std::io::Error) -> Self {
        Self::NotTaken { what, why: error.to_string() }
    }
}

/// Carries the steps out in their order, until one answers the invocation, the plan ends, or the experiment may no longer
/// inject. A step that fails is logged and left out, and so is one that may not begin any more. What several change, each
/// finds as the one before it left it. A policy counts as injecting once one of its steps was carried out.
pub async fn carry_out(steps: &[PlannedStep], mut injections: Injections, scene: Scene<'_>) -> Effect {
    let (mut changed, mut by) = (None, Vec::new());
    for step in steps {
        if !scene.control.may_inject(scene.armed, clock::now()) {
            if let Some(why) = scene.control.over(scene.armed) {
                injections.tell(&step.policy, scene.armed);
                scene.ended(&step.policy, &step.step, Duration::ZERO, why);
            }
            continue;
        }
        if cannot_fail(&step.step) {
            injections.tell(&step.policy, scene.armed);
        }
        let text = changed.as_ref().unwrap_or(scene.text);
        let effect = carry_out_one(step, Scene { text, ..scene }).await.and_then(|effect| scene.fits(effect));
        if effect.is_ok() {
            injections.tell(&step.policy, scene.armed);
        }
        match effect {
            Ok(Effect::Done) => {}
            Ok(Effect::Changed(text)) => {
                changed = Some(text);
                by.push(&step.policy);
            }
            Ok(last) => return last,
            Err(error) => scene.failed(&step.policy, step.step.kind(), error.to_string()),
        }
    }
    changed.map_or(Effect::Done, |text| Effect::Changed(scene.marked(text, by)))
}

async fn carry_out_one(step: &PlannedStep, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let policy = &step.policy;
    match &step.step {
        Step::Delay(duration) => delay::carry_out(duration, policy, scene).await,
        Step::RespondHttp(answer) => respond_http::carry_out(answer, policy, scene).await,
        Step::ReturnJson(json) => return_json::carry_out(json, policy, scene).await,
        Step::Fail(error) => fail::carry_out(error, policy, scene).await,
        Step::Hang => hang::carry_out((), policy, scene).await,
        Step::Crash => crash::carry_out((), policy, scene).await,
        Step::Edit { document, pointer, value } => {
            let wanted = edit::Edit { document: *document, pointer, value: value.as_deref() };
            edit::carry_out(wanted, policy, scene).await
        }
        Step::SetHeader { name, value } => set_header::carry_out((name, value.as_deref()), policy, scene).await,
        Step::FillDisk(bytes) => fill_disk::carry_out(*bytes, policy, scene).await,
        Step::HoldMemory(bytes) => hold_memory::carry_out(*bytes, policy, scene).await,
        Step::BurnCpu(duration) => burn_cpu::carry_out(*duration, policy, scene).await,
        Step::BlockHosts(names) => block_hosts::carry_out(names, policy, scene).await,
        Step::SetStatus(status) => set_status::carry_out(*status, policy, scene).await,
        Step::Truncate(bytes) => truncate::carry_out(*bytes, policy, scene).await,
        Step::Garble(rate) => garble::carry_out(*rate, policy, scene).await,
        Step::FailItems(ids) => fail_items::carry_out(ids, policy, scene).await,
        // Where the stream's bytes come to them: see `streamed`.
        Step::Throttle(_) | Step::Pause { .. } | Step::Cut(_) | Step::BreakOff { .. } => Ok(Effect::Done),
    }
}

/// Whether a step is told of before it is carried out: it may be the last that happens in the environment.
const fn cannot_fail(step: &Step) -> bool {
    matches!(step, Step::Delay(_) | Step::Hang | Step::Crash)
}

impl Scene<'_> {
    /// Which decision a log line is about.
    pub(crate) fn about(&self, policy: &PolicyName) -> About {
        let digest = self.armed.enforcer.policies().find(|(name, _)| *name == policy).map(|(_, digest)| digest);
        About {
            request_id: self.invocation.head().request_id.to_string(),
            experiment: self.armed.enforcer.experiment().name.clone(),
            version: self.armed.version.to_string(),
            policy: policy.to_string(),
            policy_digest: digest,
            hook: self.hook.to_string(),
        }
    }

    /// Says that a fault ended before its time, why, and after how long.
    pub(crate) fn ended(&self, policy: &PolicyName, step: &Step, took: Duration, why: impl fmt::Display) {
        self.ending(policy, step)(took, &why);
    }

    /// Says so later, when the invocation may be gone.
    fn ending(&self, policy: &PolicyName, step: &Step) -> impl FnOnce(Duration, &dyn fmt::Display) + Send + use<> {
        let milliseconds = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let (about, fault, planned_ms) = (self.about(policy), step.kind().name(), step.as_delay().map(milliseconds));
        move |took, why| {
            let (took_ms, reason) = (milliseconds(took), why.to_string());
            Line::from(FaultEnded { about, fault, planned_ms, took_ms, reason }).emit();
        }
    }

    /// What is changed in this hook lacks something.
    fn unchangeable(&self, lacks: EditError) -> FaultError {
        let what = match self.hook {
            Hook::Before => "event",
            Hook::After => "answer",
        };
        FaultError::Unchangeable { what, lacks }
    }

    /// Says that a fault was not carried out, and why.
    pub(crate) fn failed(&self, policy: &PolicyName, kind: FaultKind, reason: String) {
        self.armed.tell(FaultFailed { about: self.about(policy), fault: kind.name(), reason, count: 1 }.into());
    }
}

/// How large an answer may be.
#[derive(Clone, Copy, Debug)]
struct Limit {
    bytes: usize,
    who: &'static str,
}

impl Limit {
    /// A body that will be taken.
    fn check(self, body: Vec<u8>) -> Result<Bytes, FaultError> {
        self.admits(body.len()).map(|()| body.into())
    }

    /// Whether a body of this size will be taken.
    fn admits(self, size: usize) -> Result<(), FaultError> {
        let Self { bytes: limit, who } = self;
        if size > limit { Err(FaultError::TooLarge { size, limit, who }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_lists_its_hooks_in_what_is_carried_out() {
        let listed = |kind: FaultKind, hooks: &[Hook]| hooks.iter().map(|hook| (*hook, kind)).collect::<Vec<_>>();
        let mut twins = listed(delay::KIND, delay::HOOKS);
        twins.extend(listed(respond_http::KIND, respond_http::HOOKS));
        twins.extend(listed(fail::KIND, fail::HOOKS));
        twins.extend(listed(return_json::KIND, return_json::HOOKS));
        twins.extend(listed(hang::KIND, hang::HOOKS));
        twins.extend(listed(crash::KIND, crash::HOOKS));
        twins.extend(listed(edit::KIND, edit::HOOKS));
        twins.extend(listed(set_header::KIND, set_header::HOOKS));
        twins.extend(listed(fill_disk::KIND, fill_disk::HOOKS));
        twins.extend(listed(hold_memory::KIND, hold_memory::HOOKS));
        twins.extend(listed(burn_cpu::KIND, burn_cpu::HOOKS));
        twins.extend(listed(block_hosts::KIND, block_hosts::HOOKS));
        twins.extend(listed(set_status::KIND, set_status::HOOKS));
        twins.extend(listed(truncate::KIND, truncate::HOOKS));
        twins.extend(listed(garble::KIND, garble::HOOKS));
        twins.extend(listed(fail_items::KIND, fail_items::HOOKS));
        twins.extend(listed(throttle::KIND, throttle::HOOKS));
        twins.extend(listed(pause::KIND, pause::HOOKS));
        twins.extend(listed(cut::KIND, cut::HOOKS));
        twins.extend(listed(break_off::KIND, break_off::HOOKS));
        assert_eq!(twins.len(), CARRIED_OUT.len());
        assert!(twins.iter().all(|pair| CARRIED_OUT.contains(pair)), "{twins:?}");
    }

    /// The cells of README's row for this fault.
    fn row(kind: FaultKind) -> Vec<&'static str> {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("\n| fault | hooks |").expect("the table of faults");
        let start = format!("| `{kind}` |");
        let row = table.lines().skip(1).take_while(|line| line.starts_with('|')).find(|line| line.starts_with(&start));
        row.map(|row| row.split('|').map(str::trim).collect()).unwrap_or_default()
    }

    #[test]
    fn the_readme_has_a_row_for_each_fault_with_its_hooks() {
        for kind in FaultKind::ALL {
            let carried = CARRIED_OUT.iter().filter(|(_, carried)| carried == kind);
            let hooks: Vec<_> = carried.map(|(hook, _)| hook.to_string()).collect();
            let cells = row(*kind);
            assert_eq!(cells.get(2).copied().unwrap_or_default(), hooks.join(", "), "the hooks of `{kind}`");
            assert_eq!(cells.len(), if hooks.is_empty() { 0 } else { 7 }, "the row of `{kind}`");
            assert!(hooks.is_empty() || cells[3..6].iter().all(|cell| !cell.is_empty()), "the row of `{kind}`");
        }
    }

    #[test]
    fn names_fail_only_where_the_function_allows_it() {
        let carries = |allowed: &'static str| {
            let variable = |name: &str| (name == "MISRULE_BLOCK_HOSTS").then(|| allowed.to_owned());
            carries(&Settings::read(variable).0)
        };
        assert_eq!(carries("true"), Carries::new(CARRIED_OUT));
        assert_ne!(carries("false"), Carries::new(CARRIED_OUT));
    }

    #[test]
    fn a_body_is_refused_above_lambdas_limit() {
        assert_eq!(LAMBDA.check(vec![b' '; MAX_ANSWER]).unwrap().len(), 6_291_556);
        let refused = LAMBDA.check(vec![b' '; MAX_ANSWER + 1]).unwrap_err();
        assert_eq!(refused.to_string(), "the answer takes 6291557 bytes, more than the 6291556 that Lambda accepts");
    }
}
