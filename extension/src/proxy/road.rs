//! The stations of an invocation, in their order.
//!
//! What Lambda and the runtime send stays with the station, and our own work only borrows it: where that panics, the event
//! or the answer passes as it came, with what was read of it and what still comes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use misrule_engine::decision::{Admission, Decision, Hook};
use misrule_engine::invocation::{Head, Invocation};
use tokio::time::Instant;

use super::content::Content;
use super::route::Route;
use super::under_way::{After, Begun};
use super::upstream::Unanswered;
use super::{Connection, Proxy, arrival, identity, post, rescue};
use crate::control::{Armed, Control};
use crate::faults::{self, Effect, FailedItems, Scene};
use crate::telemetry::{self, Line, RuntimeConnected};
use crate::{clock, panics};

/// The experiment that an invocation is decided under, and which of its policies were drawn.
struct Admitted {
    control: Control,
    armed: Arc<Armed>,
    admission: Arc<Admission>,
    invocation: Arc<Invocation>,
    failed_items: Arc<FailedItems>,
}

/// What becomes of an event.
enum Verdict {
    /// The runtime gets it, as it came.
    Runtime,
    /// The runtime gets this in its place.
    RuntimeChanged(Bytes),
    /// This goes to Lambda in the place of its handler's answer.
    Answered(Box<Request<Content>>),
    /// The runtime's connection breaks off.
    Crash,
}

impl Connection {
    /// One request of a runtime, station by station. A runtime asks for an event and answers it in two requests, perhaps
    /// on two connections.
    pub(super) async fn walk(&self, request: Request<Content>) -> Result<Response<Content>, Unanswered> {
        match Route::of(request.method(), request.uri().path()) {
            Route::Next => self.next(request).await,
            Route::Response(id) => self.answered(&id, false, request).await,
            Route::Error(id) => self.answered(&id, true, request).await,
            Route::InitError => {
                let answer = self.pass(request).await?;
                // Lambda refuses it of a runtime that has begun: Ruby's ends so where `crash` breaks its event off.
                if answer.status().is_success() {
                    let tell = || self.proxy.control.get().iter().for_each(|control| control.initialisation_failed());
                    panics::contain(None, tell);
                }
                Ok(answer)
            }
            Route::Restore => self.restore(request).await,
            Route::Identity => Ok(identity::answer(&self.proxy.lambda, self.proxy.lasting.names())),
            Route::Preloaded => {
                self.proxy.lasting.names().preloaded();
                Ok(Response::new(Content::default()))
            }
            Route::Other => self.pass(request).await,
        }
    }

    /// Sends a request on as it is.
    pub(super) async fn pass(&self, request: Request<Content>) -> Result<Response<Content>, Unanswered> {
        Ok(self.upstream.send(request).await?.map(Content::from_lambda))
    }

    /// After a restore from a snapshot every connection made before it is dead, whatever the kernel says, and what the
    /// source got for one environment is now in many.
    async fn restore(&self, request: Request<Content>) -> Result<Response<Content>, Unanswered> {
        let answer = self.pass(request).await?;
        if answer.status() == StatusCode::OK {
            self.proxy.lambda.restored();
            panics::contain(None, || self.proxy.control.get().iter().for_each(|control| control.restored()));
        }
        Ok(answer)
    }

    /// Asks Lambda for the next event, again and again while we answer what it gives.
    async fn next(&self, question: Request<Content>) -> Result<Response<Content>, Unanswered> {
        if self.only_passes() {
            panics::contained(None, self.before_next()).await;
            return self.pass(question).await;
        }
        let question = question.into_parts().0;
        loop {
            panics::contained(None, self.before_next()).await;
            let mut arrival = self.pass(Request::from_parts(question.clone(), Content::default())).await?;
            let head = arrival::head(&arrival, clock::now(), self.proxy.received.load(Ordering::Relaxed));
            // A runtime may ask before there is a control: what counts is when its event comes.
            let (Some(control), Some(head)) = (self.proxy.control.get(), head.map(Arc::new)) else {
                return Ok(arrival);
            };
            match self.judge(control, &head, &question, &mut arrival).await {
                Verdict::Runtime => return Ok(arrival),
                Verdict::RuntimeChanged(event) => return Ok(arrival::changed(arrival, event)),
                Verdict::Crash => return Ok(arrival::broken_off(arrival)),
                Verdict::Answered(post) => {
                    if self.is_left_open(&head, *post).await {
                        return Ok(arrival);
                    }
                }
            }
        }
    }

    /// Whether nothing is ever injected here, so that nobody needs to know what is under way.
    pub(super) fn only_passes(&self) -> bool {
        self.proxy.control.get().is_some_and(Control::is_disabled)
    }

    async fn before_next(&self) {
        if !self.proxy.asked.swap(true, Ordering::Relaxed) {
            Line::from(RuntimeConnected {}).emit();
        }
        self.proxy.lasting.end();
        telemetry::event();
        if let Some(control) = self.proxy.control.get() {
            control.before_next().await;
        }
    }

    /// What becomes of this event. Where anything panics it passes, and so will its answer.
    async fn judge(
        &self,
        control: &Control,
        head: &Arc<Head>,
        question: &Parts,
        arrival: &mut Response<Content>,
    ) -> Verdict {
        let work = async {
            let Some(admitted) = self.admit(control, head, arrival).await else { return Verdict::Runtime };
            let effect = admitted.before(&self.proxy).await;
            self.keep(&admitted);
            if admitted.admission.touched() && !self.proxy.dry_run {
                self.proxy.invocations.unwatch(head);
            }
            self.verdict(effect, head, question)
        };
        match panics::contained(Some(&head.request_id), work).await {
            Some(verdict) => verdict,
            None => {
                self.proxy.invocations.answered(&head.request_id, head.invocation_id.as_deref());
                Verdict::Runtime
            }
        }
    }

    fn verdict(&self, effect: Effect, head: &Head, question: &Parts) -> Verdict {
        match effect {
            Effect::Done => Verdict::Runtime,
            Effect::Changed(event) => Verdict::RuntimeChanged(event),
            Effect::Answer(post) => {
                let invocation_id = head.invocation_id.as_deref();
                Verdict::Answered(post::request(&post, &head.request_id, invocation_id, &question.headers).into())
            }
            Effect::Crash => {
                self.proxy.lasting.end();
                self.proxy.invocations.crash(head);
                Verdict::Crash
            }
        }
    }

    /// Whether a policy may want to see the event, which is then read whole.
    async fn admit(&self, control: &Control, head: &Arc<Head>, arrival: &mut Response<Content>) -> Option<Admitted> {
        let begun = self.proxy.invocations.begin(head, || control.invocation_under_way());
        if begun == Begun::Before {
            if self.proxy.invocations.survived(head) {
                rescue::from_survived_crash(&head.request_id);
            }
            return None;
        }
        self.proxy.received.fetch_add(1, Ordering::Relaxed);
        let armed = control.event_arrived(head.deadline).await?;
        if armed.enforcer.watches(head) {
            self.proxy.invocations.watch(head, Arc::clone(&armed));
        }
        let Some(admission) = armed.enforcer.admit(head) else {
            control.passed_by(&armed, head);
            return None;
        };
        if !admission.wants_before() && !admission.wants_after() {
            return None;
        }
        // Where it breaks off, what came travels on, and breaks off there too.
        let event = arrival.body_mut().collect().await?;
        let admitted = Admitted::new(control.clone(), armed, admission, Invocation::new(Arc::clone(head), event));
        self.keep(&admitted);
        Some(admitted)
    }

    fn keep(&self, admitted: &Admitted) {
        let Admitted { armed, admission, invocation, failed_items, .. } = admitted;
        if admission.wants_after() || !failed_items.is_empty() {
            let (armed, admission, invocation) = (armed.clone(), admission.clone(), invocation.clone());
            self.proxy.invocations.keep(After { armed, admission, invocation, failed_items: failed_items.clone() });
        }
    }

    /// Sends an answer of ours. Whether the invocation still waits for one after that, so that its handler is to give it.
    async fn is_left_open(&self, head: &Head, post: Request<Content>) -> bool {
        let id = &head.request_id;
        match panics::contained(Some(id), self.post(post)).await {
            Some(Ok(status)) if status.is_success() => {
                self.proxy.invocations.end(id, head.invocation_id.as_deref());
                false
            }
            Some(Ok(status)) => {
                rescue::from_refused_post(id, status);
                post::was_not_taken(status)
            }
            Some(Err(lost)) => {
                rescue::from_lost_post(id, &lost);
                lost.into_unsent().is_ok()
            }
            // It may be on its way.
            None => false,
        }
    }

    /// Posts an answer of ours, and reads Lambda's to its end so that the connection can be used again.
    async fn post(&self, post: Request<Content>) -> Result<StatusCode, Unanswered> {
        let answer = self.pass(post).await?;
        let status = answer.status();
        answer.into_body().collect().await;
        Ok(status)
    }
}

impl Admitted {
    fn new(control: Control, armed: Arc<Armed>, admission: Admission, invocation: Invocation) -> Self {
        let (admission, invocation, failed_items) = (Arc::new(admission), Arc::new(invocation), Arc::default());
        Self { control, armed, admission, invocation, failed_items }
    }

    /// Asks the policies, says what they want, and carries it out as far as that needs no answer.
    async fn before(&self, proxy: &Proxy) -> Effect {
        let started = Instant::now();
        let decision = self.decide();
        let (hook, took) = (Hook::Before, started.elapsed());
        let (decision, head) = (self.control.keep_spent(decision, &self.admission).await, self.invocation.head());
        let mut injections = telemetry::decision_lines(&self.armed, head, hook, &decision, took, proxy.dry_run);
        if proxy.dry_run {
            return Effect::Done;
        }
        let (armed, invocation, invoke_mode) = (&self.armed, &self.invocation, proxy.manner.invoke_mode());
        let (control, text, lasting) = (&self.control, invocation.event(), &proxy.lasting);
        let (failed_items, answer_header) = (self.failed_items.as_ref(), proxy.manner.answer_header());
        let scene = Scene { control, armed, invocation, text, lasting, failed_items, hook, invoke_mode, answer_header };
        match faults::carry_out(decision.plan.steps(), &mut injections, scene).await {
            // Records that an earlier step failed are none that this answer may give for done.
            answer @ Effect::Answer(_) => failed_items.join(answer, text, scene),
            effect => effect,
        }
    }

    fn decide(&self) -> Decision {
        if !self.admission.wants_before() {
            return Decision::default();
        }
        self.armed.enforcer.before(&self.invocation, &self.admission, clock::now())
    }
}
