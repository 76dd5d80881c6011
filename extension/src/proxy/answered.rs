//! The way back: what the handler answered, and what becomes of it on its way to Lambda.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response};
use misrule_engine::decision::{Decision, Hook, Plan, PlannedStep};
use misrule_engine::invocation::{Answer, RequestId};
use misrule_engine::time::Timestamp;
use tokio::time::Instant;

use super::arrival::{INVOCATION_ID, text};
use super::content::{Collected, Content, ERROR_TYPE, Ending};
use super::manner::RESPONSE_MODE;
use super::under_way::After;
use super::upstream::Unanswered;
use super::{Connection, Proxy, post, prelude, rescue};
use crate::clock;
use crate::control::Control;
use crate::faults::streamed::{self, Ground, Walk, Walked};
use crate::faults::{self, Effect, MAX_ANSWER, Post, Scene};
use crate::telemetry::{self, Injections};

/// A handler's result or error, not yet on its way.
pub(super) struct Answered<'a> {
    id: RequestId,
    invocation_id: Option<String>,
    failed: bool,
    request: Request<Content>,
    kept: Option<(&'a Control, After)>,
}

impl Connection {
    /// Finds the invocation that this answers, and notes in which manner it does.
    pub(super) fn answered(&self, id: RequestId, failed: bool, request: Request<Content>) -> Answered<'_> {
        if !failed {
            self.proxy.manner.observe(request.headers());
        }
        let invocation_id = text(request.headers(), INVOCATION_ID).map(str::to_owned);
        let request = self.watched(&id, invocation_id.as_deref(), failed, request);
        let after = self.proxy.invocations.answered(&id, invocation_id.as_deref());
        // Node's client does not echo the invocation id; what we say in its place does.
        let known = || after.as_ref()?.invocation.head().invocation_id.clone();
        let invocation_id = invocation_id.or_else(known);
        Answered { id, invocation_id, failed, request, kept: self.proxy.control.get().zip(after) }
    }

    /// Lets an experiment that wants to know it hear whether the handler failed, once its answer has passed: a streamed one
    /// may still end with an error.
    fn watched(
        &self,
        id: &RequestId,
        invocation_id: Option<&str>,
        failed: bool,
        request: Request<Content>,
    ) -> Request<Content> {
        let watching = self.proxy.invocations.watching(id, invocation_id);
        let Some((control, armed)) = self.proxy.control.get().cloned().zip(watching) else { return request };
        let ending = Ending::new(failed, move |failed| control.handler_answered(&armed, failed));
        request.map(|content| content.ending_with(ending))
    }

    /// Sends the handler's answer, or ours in its place, and forgets the invocation once Lambda has it.
    pub(super) async fn send(&self, answered: Answered<'_>, effect: Effect) -> Result<Response<Content>, Unanswered> {
        let Answered { id, invocation_id, request, .. } = answered;
        let answer = match effect {
            // Nothing of this hook ends the runtime.
            Effect::Done | Effect::Crash => self.pass(request).await?,
            Effect::Changed(text) => self.pass(changed(request, text)).await?,
            Effect::Answer(post) => self.replace(&post, &id, invocation_id.as_deref(), request).await?,
        };
        self.proxy.invocations.end(&id, invocation_id.as_deref());
        self.proxy.lasting.end();
        Ok(answer)
    }

    /// Ours in place of the handler's, or the handler's where ours could not be sent.
    async fn replace(
        &self,
        post: &Post,
        id: &RequestId,
        invocation_id: Option<&str>,
        handlers: Request<Content>,
    ) -> Result<Response<Content>, Unanswered> {
        let (parts, body) = handlers.into_parts();
        match self.pass(post::request(post, id, invocation_id, &parts)).await {
            Err(lost) => {
                rescue::from_lost_post(id, &lost);
                lost.into_unsent()?;
                self.pass(Request::from_parts(parts, body)).await
            }
            answer => answer,
        }
    }
}

impl Answered<'_> {
    /// Asks the policies that want to see the answer, says what they want, and carries it out before its first byte goes
    /// up, or where the bytes of a stream come to it. Where something breaks, nothing is done.
    pub(super) async fn after(&mut self, proxy: &Proxy) -> Effect {
        let Some((control, after)) = self.kept.take() else { return Effect::Done };
        let may_inject = control.may_inject(&after.armed, clock::now());
        if !may_inject && !after.failed_items.are_taken_out() {
            return Effect::Done;
        }
        let Some(Read { answer, text, prelude }) = self.read(&after).await else { return Effect::Done };
        let work = async {
            let (armed, invocation, invoke_mode) = (&after.armed, &after.invocation, proxy.manner.invoke_mode());
            let (text, lasting, hook) = (&text, &proxy.lasting, Hook::After);
            let (failed_items, answer_header) = (after.failed_items.as_ref(), proxy.manner.answer_header());
            let scene =
                Scene { control, armed, invocation, text, lasting, failed_items, hook, invoke_mode, answer_header };
            let (plan, injections) =
                if may_inject { decide(control, &after, &answer, proxy).await } else { Default::default() };
            let effect = faults::carry_out(plan.steps(), injections, scene).await;
            let joined = if answer.failed() { effect } else { failed_items.join(effect, text, scene) };
            (joined, plan)
        };
        let Some((effect, plan)) = rescue::from_panic(&self.id, work).await else { return Effect::Done };
        self.walk(plan.steps(), prelude, after.ground(control));
        effect
    }

    /// Lets the stream pass its faults, where there are any.
    fn walk(&mut self, steps: &[PlannedStep], prelude: u64, ground: Ground) {
        let Some(walk) = Walk::of(steps, prelude, ground) else { return };
        streamed::announce(steps, self.request.headers_mut());
        let content = std::mem::take(self.request.body_mut());
        *self.request.body_mut() = content.walked(|content| Walked::new(walk(content)));
    }

    /// What there is to see of the answer: of a streamed one its head and HTTP prelude, of another one its body where a
    /// policy wants it. None where that is not to be had, and the answer passes.
    async fn read(&mut self, after: &After) -> Option<Read> {
        let now = clock::now();
        if self.request.headers().contains_key(RESPONSE_MODE) {
            return self.read_stream(now, after).await;
        }
        let error_type = text(self.request.headers(), ERROR_TYPE).map(str::to_owned);
        let answer = Answer::buffered(now, self.failed, error_type);
        if !after.admission.wants_answer_body() && after.failed_items.is_empty() {
            return Some(Read { answer: answer.into(), text: Bytes::new(), prelude: 0 });
        }
        let text = self.read_whole().await?;
        let failed = self.failed || self.request.body().ends_in_error();
        let answer = if failed { answer.failing() } else { answer };
        let answer = answer.with_body(text.clone(), after.invocation.answerable());
        Some(Read { answer: answer.into(), text, prelude: 0 })
    }

    /// A stream is held back only where records are to be reported in it: who delivers batches reads it whole.
    async fn read_stream(&mut self, now: Timestamp, after: &After) -> Option<Read> {
        let announced = prelude::announced(self.request.headers());
        let prelude = if announced { prelude::read(self.request.body_mut()).await } else { None };
        let size = prelude.as_ref().map_or(0, prelude::size);
        let text = if after.failed_items.is_empty() { Bytes::new() } else { self.read_whole().await? };
        let answer = Answer::streamed(now, prelude);
        let answer = if self.request.body().ends_in_error() { answer.failing() } else { answer };
        Some(Read { answer: answer.into(), text, prelude: size })
    }

    /// The whole body, as far as Lambda would take it: of a larger one nothing is changed.
    async fn read_whole(&mut self) -> Option<Bytes> {
        match self.request.body_mut().collect_within(MAX_ANSWER).await {
            Collected::Whole(text) => Some(text),
            Collected::Broken => None,
            Collected::TooLarge => {
                rescue::from_large_answer(&self.id);
                None
            }
        }
    }
}

/// Asks the policies that want to see the answer, and says what they want. In a dry run it is not done.
async fn decide(control: &Control, after: &After, answer: &Arc<Answer>, proxy: &Proxy) -> (Plan, Injections) {
    let started = Instant::now();
    let decision = match after.admission.wants_after() {
        true => after.armed.enforcer.after(&after.invocation, &after.admission, answer, clock::now()),
        false => Decision::default(),
    };
    let (head, hook, took) = (after.invocation.head(), Hook::After, started.elapsed());
    let decision = control.keep_spent(decision, &after.admission).await;
    let injections = telemetry::decision_lines(&after.armed, head, hook, &decision, took, proxy.dry_run);
    (if proxy.dry_run { Plan::default() } else { decision.plan }, injections)
}

/// The handler's answer with another body, framed as the handler framed its own.
fn changed(request: Request<Content>, text: Bytes) -> Request<Content> {
    let (mut parts, mut content) = request.into_parts();
    if parts.headers.contains_key(CONTENT_LENGTH) {
        parts.headers.insert(CONTENT_LENGTH, text.len().into());
    }
    content.replace(text);
    Request::from_parts(parts, content)
}

/// What was read of an answer.
struct Read {
    answer: Arc<Answer>,
    /// The whole body of a buffered one, where a policy wants it.
    text: Bytes,
    /// Bytes before the payload of a streamed one.
    prelude: u64,
}
