//! The only module that acts: each step of a plan becomes a pause, an answer or an error.
//!
//! Each fault is one file with the same items in the same order: `KIND`, `HOOKS`, `ROW`, `carry_out`, tests.

mod answer;
pub mod block_hosts;
mod blocking;
pub mod break_off;
pub mod burn_cpu;
mod catalogue;
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
#[cfg(test)]
mod staged;
pub mod streamed;
mod stressor;
pub mod throttle;
pub mod truncate;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use misrule_engine::decision::{FaultKind, Hook, PlannedStep, PolicyName, Step};
use misrule_engine::invocation::{EditError, Invocation};

pub use self::block_hosts::Names;
pub use self::catalogue::{Row, carried_out, carries, refusal};
pub use self::fail_items::FailedItems;
pub use self::lasting::Lasting;
pub use self::stressor::stress;
use crate::clock;
use crate::control::{Armed, Control};
use crate::settings::{AnswerHeader, InvokeMode};
use crate::telemetry::{About, FaultEnded, FaultFailed, Injections, Line};

/// Bytes of a function's result or error that Lambda takes: 6 MiB and 100 bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_ANSWER: usize = 6 * 1024 * 1024 + 100;

/// What Lambda itself takes.
const LAMBDA: Limit = Limit { bytes: MAX_ANSWER, who: "Lambda" };

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
    /// Whether an answer of ours says so.
    pub answer_header: AnswerHeader,
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
/// finds as the one before it left it. A policy counts as injecting once one of its steps was carried out. The steps of a
/// stream are left to [`streamed`], with the injections that are not told yet.
pub async fn carry_out(steps: &[PlannedStep], injections: &mut Injections, scene: Scene<'_>) -> Effect {
    let (mut changed, mut by) = (None, Vec::new());
    for step in steps.iter().filter(|step| !streamed::is_of_a_stream(&step.step)) {
        if !scene.control.may_inject(scene.armed, clock::now()) {
            if let Some(why) = scene.control.over(scene.armed) {
                scene.not_begun(step, injections, why);
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
        self.ending_of(policy, step, step.as_delay())
    }

    /// Says that a fault was not begun, and why. The length of a delay goes with it only where it counted: where the line of
    /// its policy is written.
    fn not_begun(&self, step: &PlannedStep, injections: &Injections, why: impl fmt::Display) {
        let counted = step.step.as_delay().filter(|_| injections.told(&step.policy));
        self.ending_of(&step.policy, &step.step, counted)(Duration::ZERO, &why);
    }

    fn ending_of(
        &self,
        policy: &PolicyName,
        step: &Step,
        planned: Option<Duration>,
    ) -> impl FnOnce(Duration, &dyn fmt::Display) + Send + use<> {
        let milliseconds = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let (about, fault, planned_ms) = (self.about(policy), step.kind().name(), planned.map(milliseconds));
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
    fn a_body_is_refused_above_lambdas_limit() {
        assert_eq!(LAMBDA.check(vec![b' '; MAX_ANSWER]).unwrap().len(), 6_291_556);
        let refused = LAMBDA.check(vec![b' '; MAX_ANSWER + 1]).unwrap_err();
        assert_eq!(refused.to_string(), "the answer takes 6291557 bytes, more than the 6291556 that Lambda accepts");
    }
}
