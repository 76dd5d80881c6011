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
use crate::control::Control;
use crate::faults::streamed::{self, Ground, Walk, Walked};
use crate::faults::{self, Effect, FailedItems, MAX_ANSWER, Post, Scene};
use crate::telemetry::{self, Injections};
use crate::{clock, panics};

/// A handler's result or error, not yet on its way.
struct Answered<'a> {
    id: &'a RequestId,
    failed: bool,
    request: &'a mut Request<Content>,
}

/// An answer of ours in the place of the handler's.
struct Ours {
    request: Request<Content>,
    /// The handler's says that records are done which it did not see: it must not go up where ours cannot.
    instead: bool,
}

impl Connection {
    /// The handler's answer on its way to Lambda, or ours in its place; the invocation is over once Lambda has it.
    pub(super) async fn answered(
        &self,
        id: &RequestId,
        failed: bool,
        mut request: Request<Content>,
    ) -> Result<Response<Content>, Unanswered> {
        if self.only_passes() {
            return self.pass(request).await;
        }
        let echoed = text(request.headers(), INVOCATION_ID).map(str::to_owned);
        let after = self.proxy.invocations.answered(id, echoed.as_deref());
        // Node's client does not echo the invocation id; what we say in its place does.
        let known = || after.as_ref()?.invocation.head().invocation_id.clone();
        let invocation_id = echoed.clone().or_else(known);
        let failed_items = after.as_ref().map(|after| Arc::clone(&after.failed_items));
        let work = async {
            self.watch(id, echoed.as_deref(), failed, &mut request);
            Answered { id, failed, request: &mut request }.after(after, &self.proxy).await
        };
        // Where it panicked the answer passes, unless records would be lost with it.
        let rest = || whole_batch(id, failed, failed_items.as_ref()?);
        let post = panics::contained(Some(id), work).await.unwrap_or_else(rest);
        let answer = match post {
            None => self.pass(request).await?,
            Some(post) => {
                let instead = failed_items.is_some_and(|items| items.are_taken_out());
                let ours = post::request(&post, id, invocation_id.as_deref(), request.headers());
                self.replace(id, Ours { request: ours, instead }, request).await?
            }
        };
        panics::contain(Some(id), || {
            self.proxy.invocations.end(id, invocation_id.as_deref());
            self.proxy.lasting.end();
        });
        Ok(answer)
    }

    /// Notes in which manner the handler answers, and lets an experiment that wants to know it hear whether it failed, once
    /// its answer has passed: a streamed one may still end with an error.
    fn watch(&self, id: &RequestId, echoed: Option<&str>, failed: bool, request: &mut Request<Content>) {
        if !failed {
            self.proxy.manner.observe(request.headers());
        }
        let watching = self.proxy.invocations.watching(id, echoed);
        if let Some((control, armed)) = self.proxy.control.get().cloned().zip(watching) {
            let ending = Ending::new(failed, move |failed| control.handler_answered(&armed, failed));
            request.body_mut().end_with(ending);
        }
    }

    /// Sends ours in place of the handler's, or the handler's where ours could not be sent.
    async fn replace(
        &self,
        id: &RequestId,
        ours: Ours,
        handlers: Request<Content>,
    ) -> Result<Response<Content>, Unanswered> {
        match self.pass(ours.request).await {
            Err(lost) => {
                rescue::from_lost_post(id, &lost);
                let unsent = lost.into_unsent()?;
                self.pass(if ours.instead { unsent } else { handlers }).await
            }
            answer => answer,
        }
    }
}

impl Answered<'_> {
    /// Asks the policies that want to see the answer, says what they want, and carries it out before its first byte goes
    /// up, or where the bytes of a stream come to it. Gives what is to go up in the place of the answer, if anything is.
    async fn after(mut self, after: Option<After>, proxy: &Proxy) -> Option<Post> {
        let (control, after) = proxy.control.get().zip(after)?;
        let may_inject = control.may_inject(&after.armed, clock::now());
        if !may_inject && !after.failed_items.are_taken_out() {
            return None;
        }
        let Some(Read { answer, text, prelude }) = self.read(&after).await else {
            return whole_batch(self.id, self.failed, &after.failed_items);
        };
        let (armed, invocation, invoke_mode) = (&after.armed, &after.invocation, proxy.manner.invoke_mode());
        let (text, lasting, hook) = (&text, &proxy.lasting, Hook::After);
        let (failed_items, answer_header) = (after.failed_items.as_ref(), proxy.manner.answer_header());
        let scene = Scene { control, armed, invocation, text, lasting, failed_items, hook, invoke_mode, answer_header };
        let (plan, mut injections) =
            if may_inject { decide(control, &after, &answer, proxy).await } else { Default::default() };
        let post = match (faults::carry_out(plan.steps(), &mut injections, scene).await, answer.failed()) {
            // An error stays one: then Lambda delivers the whole batch again.
            (effect @ (Effect::Done | Effect::Changed(_)), true) => self.change(effect),
            (effect, _) => self.change(failed_items.join(effect, text, scene)),
        };
        self.walk(plan.steps(), prelude, injections, after.ground(control));
        post
    }

    /// The answer as this effect has it, or what is to go up in its place.
    fn change(&mut self, effect: Effect) -> Option<Post> {
        match effect {
            // Nothing of this hook ends the runtime.
            Effect::Done | Effect::Crash => None,
            Effect::Changed(text) => {
                change(self.request, text);
                None
            }
            Effect::Answer(post) => Some(post),
        }
    }

    /// Lets the stream pass its faults, where there are any.
    fn walk(&mut self, steps: &[PlannedStep], prelude: u64, injections: Injections, ground: Ground) {
        let Some(walk) = Walk::of(steps, prelude, injections, ground) else { return };
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
                rescue::from_large_answer(self.id);
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

/// The error that stands in the place of an answer in which records cannot be reported that the handler did not see. None
/// where there are none, and where the handler failed anyway.
fn whole_batch(id: &RequestId, failed: bool, failed_items: &FailedItems) -> Option<Post> {
    let post = if failed { None } else { failed_items.whole_batch() }?;
    rescue::from_unreported_records(id);
    Some(post)
}

/// The handler's answer with another body, framed as the handler framed its own.
fn change(request: &mut Request<Content>, text: Bytes) {
    if request.headers().contains_key(CONTENT_LENGTH) {
        request.headers_mut().insert(CONTENT_LENGTH, text.len().into());
    }
    request.body_mut().replace(text);
}

/// What was read of an answer.
struct Read {
    answer: Arc<Answer>,
    /// The whole body of a buffered one, where a policy wants it.
    text: Bytes,
    /// Bytes before the payload of a streamed one.
    prelude: u64,
}
