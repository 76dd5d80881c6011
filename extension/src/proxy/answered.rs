//! The way back: what the handler answered, and what becomes of it on its way to Lambda.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use misrule_engine::decision::Hook;
use misrule_engine::invocation::{Answer, RequestId};
use tokio::time::Instant;

use super::arrival::{INVOCATION_ID, text};
use super::content::{Content, ERROR_TYPE, Ending};
use super::manner::RESPONSE_MODE;
use super::under_way::After;
use super::upstream::Unanswered;
use super::{Connection, Proxy, post, prelude, rescue};
use crate::clock;
use crate::control::Control;
use crate::faults::{self, Effect, Post, Scene};
use crate::telemetry;

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
            // No step of this hook changes an answer or ends the runtime yet.
            Effect::Done | Effect::Changed(_) | Effect::Crash => self.pass(request).await?,
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
    /// up. Where something breaks, nothing is done.
    pub(super) async fn after(&mut self, proxy: &Proxy) -> Effect {
        let Some((control, after)) = self.kept.take() else { return Effect::Done };
        if !control.may_inject(&after.armed, clock::now()) {
            return Effect::Done;
        }
        let answer = Arc::new(self.read().await);
        let work = async {
            let started = Instant::now();
            let decision = after.armed.enforcer.after(&after.invocation, &after.admission, &answer, clock::now());
            let (head, hook) = (after.invocation.head(), Hook::After);
            telemetry::decision_lines(&after.armed, head, hook, &decision, started.elapsed(), proxy.dry_run);
            if proxy.dry_run {
                return Effect::Done;
            }
            let (armed, invocation, invoke_mode) = (&after.armed, &after.invocation, proxy.manner.invoke_mode());
            let (text, lasting) = (&Bytes::new(), &proxy.lasting);
            let scene = Scene { control, armed, invocation, text, lasting, hook, invoke_mode };
            faults::carry_out(decision.plan.steps(), scene).await
        };
        rescue::from_panic(&self.id, work).await.unwrap_or(Effect::Done)
    }

    /// What can be known of the answer before its body: of a streamed one, also its HTTP prelude.
    async fn read(&mut self) -> Answer {
        let now = clock::now();
        let headers = self.request.headers();
        if headers.contains_key(RESPONSE_MODE) {
            let announced = prelude::announced(headers);
            let prelude = if announced { prelude::read(self.request.body_mut()).await } else { None };
            return Answer::streamed(now, prelude);
        }
        let error_type = text(headers, ERROR_TYPE).map(str::to_owned);
        Answer::buffered(now, self.failed, error_type)
    }
}
