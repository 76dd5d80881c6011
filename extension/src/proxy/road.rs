//! The stations of an invocation, in their order.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use misrule_engine::decision::{Admission, Decision, Hook};
use misrule_engine::invocation::{Head, Invocation};
use tokio::time::Instant;

use super::arrival::{self, Arrival};
use super::content::Content;
use super::identity;
use super::post;
use super::rescue;
use super::route::Route;
use super::under_way::{After, Begun};
use super::upstream::Unanswered;
use super::{Connection, Proxy};
use crate::clock;
use crate::control::{Armed, Control};
use crate::faults::{self, Effect, FailedItems, Post, Scene};
use crate::telemetry::{self, Line, RuntimeConnected};

/// What Lambda gave to a runtime that asked for an event.
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart as soon as it is made; a box would be an allocation for each event"
)]
enum Received {
    /// Something that no policy is to see: it passes.
    Untouched(Response<Content>),
    /// An event that policies want to see first.
    Event(Arrival, Admitted),
}

/// The experiment that an invocation is decided under, and which of its policies were drawn.
struct Admitted {
    control: Control,
    armed: Arc<Armed>,
    admission: Arc<Admission>,
    invocation: Arc<Invocation>,
    failed_items: Arc<FailedItems>,
}

/// Who gets to see an event.
enum Destination {
    Runtime,
    RuntimeChanged(Bytes),
    Nobody,
    /// The runtime's connection breaks off.
    Crash,
}

impl Connection {
    /// One request of a runtime, station by station. A runtime asks for an event and answers it in two requests, perhaps
    /// on two connections; the loop goes round where we answered an event ourselves.
    pub(super) async fn walk(&self, request: Request<Content>) -> Result<Response<Content>, Unanswered> {
        let route = Route::of(request.method(), request.uri().path());
        match route {
            Route::Next => {
                let question = request.into_parts().0;
                loop {
                    let (arrival, admitted) = match self.receive(&question).await? {
                        Received::Untouched(answer) => return Ok(answer),
                        Received::Event(arrival, admitted) => (arrival, admitted),
                    };
                    let effect = admitted.before(&arrival, &self.proxy).await;
                    self.keep(&admitted);
                    if admitted.admission.touched() && !self.proxy.dry_run {
                        self.proxy.invocations.unwatch(&arrival.head);
                    }
                    match self.carry_out(&question, &arrival, effect).await {
                        Destination::Runtime => return Ok(arrival.hand_over()),
                        Destination::RuntimeChanged(event) => return Ok(arrival.hand_over_changed(event)),
                        Destination::Nobody => {}
                        Destination::Crash => {
                            self.proxy.lasting.end();
                            self.proxy.invocations.crash(&arrival.head);
                            return Ok(arrival.break_off());
                        }
                    }
                }
            }
            Route::Response(ref id) | Route::Error(ref id) => {
                let failed = matches!(route, Route::Error(_));
                let mut answered = self.answered(id.clone(), failed, request);
                let effect = answered.after(&self.proxy).await;
                self.send(answered, effect).await
            }
            Route::InitError => {
                let answer = self.pass(request).await?;
                // Lambda refuses it of a runtime that has begun: Ruby's ends so where `crash` breaks its event off.
                if answer.status().is_success() {
                    self.proxy.control.get().iter().for_each(|control| control.initialisation_failed());
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
            if let Some(control) = self.proxy.control.get() {
                control.restored();
            }
        }
        Ok(answer)
    }

    /// Asks Lambda for the next event, and reads it whole only where a policy wants to see it.
    async fn receive(&self, question: &Parts) -> Result<Received, Unanswered> {
        if !self.proxy.asked.swap(true, Ordering::Relaxed) {
            Line::from(RuntimeConnected {}).emit();
        }
        self.proxy.lasting.end();
        telemetry::event();
        if let Some(control) = self.proxy.control.get() {
            control.before_next().await;
        }
        let request = Request::from_parts(question.clone(), Content::default());
        let (parts, body) = self.upstream.send(request).await?.into_parts();
        let head = arrival::head(&parts, clock::now(), self.proxy.received.load(Ordering::Relaxed));
        let answer = Response::from_parts(parts, Content::from_lambda(body));
        // A runtime may ask before there is a control: what counts is when its event comes.
        match (self.proxy.control.get(), head) {
            (Some(control), Some(head)) => Ok(self.admit(control, head, answer).await),
            _ => Ok(Received::Untouched(answer)),
        }
    }

    async fn admit(&self, control: &Control, head: Head, answer: Response<Content>) -> Received {
        let begun = self.proxy.invocations.begin(&head, || control.invocation_under_way());
        if begun == Begun::Before {
            if self.proxy.invocations.survived(&head) {
                rescue::from_survived_crash(&head.request_id);
            }
            return Received::Untouched(answer);
        }
        self.proxy.received.fetch_add(1, Ordering::Relaxed);
        let Some(armed) = control.event_arrived().await else { return Received::Untouched(answer) };
        if armed.enforcer.watches(&head) {
            self.proxy.invocations.watch(&head, Arc::clone(&armed));
        }
        let Some(admission) = armed.enforcer.admit(&head) else {
            control.passed_by(&armed, &head);
            return Received::Untouched(answer);
        };
        if !admission.wants_before() && !admission.wants_after() {
            return Received::Untouched(answer);
        }
        match Arrival::read(head, answer).await {
            Ok(arrival) => {
                let admitted = Admitted::new(control.clone(), armed, admission, &arrival);
                self.keep(&admitted);
                Received::Event(arrival, admitted)
            }
            Err(broken_off) => Received::Untouched(broken_off),
        }
    }

    fn keep(&self, admitted: &Admitted) {
        let Admitted { armed, admission, invocation, failed_items, .. } = admitted;
        if admission.wants_after() || !failed_items.is_empty() {
            let (armed, admission, invocation) = (armed.clone(), admission.clone(), invocation.clone());
            self.proxy.invocations.keep(After { armed, admission, invocation, failed_items: failed_items.clone() });
        }
    }

    /// Answers the event in its handler's place, where the plan says so and Lambda can be told.
    async fn carry_out(&self, question: &Parts, arrival: &Arrival, effect: Effect) -> Destination {
        let post = match effect {
            Effect::Answer(post) => post,
            Effect::Done => return Destination::Runtime,
            Effect::Changed(event) => return Destination::RuntimeChanged(event),
            Effect::Crash => return Destination::Crash,
        };
        let head = &arrival.head;
        let (id, invocation_id) = (&head.request_id, head.invocation_id.as_deref());
        match self.post(question, head, &post).await {
            Ok(status) if status.is_success() => self.proxy.invocations.end(id, invocation_id),
            Ok(status) => rescue::from_refused_post(id, status),
            Err(lost) => {
                rescue::from_lost_post(id, &lost);
                if lost.into_unsent().is_ok() {
                    return Destination::Runtime;
                }
            }
        }
        Destination::Nobody
    }

    /// Posts an answer of ours, and reads Lambda's to its end so that the connection can be used again.
    async fn post(&self, question: &Parts, head: &Head, post: &Post) -> Result<StatusCode, Unanswered> {
        let request = post::request(post, &head.request_id, head.invocation_id.as_deref(), question);
        let answer = self.upstream.send(request).await?;
        let status = answer.status();
        answer.map(Content::from_lambda).into_body().collect().await;
        Ok(status)
    }
}

impl Admitted {
    fn new(control: Control, armed: Arc<Armed>, admission: Admission, arrival: &Arrival) -> Self {
        let invocation = Arc::new(Invocation::new(arrival.head.clone(), arrival.event.clone()));
        Self { control, armed, admission: Arc::new(admission), invocation, failed_items: Arc::default() }
    }

    /// Asks the policies, says what they want, and carries it out as far as that needs no answer. Where something breaks,
    /// nothing is done: the event is kept aside.
    async fn before(&self, arrival: &Arrival, proxy: &Proxy) -> Effect {
        let work = async {
            let started = Instant::now();
            let decision = self.decide();
            let (hook, took) = (Hook::Before, started.elapsed());
            let decision = self.control.keep_spent(decision, &self.admission).await;
            let injections =
                telemetry::decision_lines(&self.armed, &arrival.head, hook, &decision, took, proxy.dry_run);
            if proxy.dry_run {
                return Effect::Done;
            }
            let (armed, invocation, invoke_mode) = (&self.armed, &self.invocation, proxy.manner.invoke_mode());
            let (control, text, lasting) = (&self.control, invocation.event(), &proxy.lasting);
            let (failed_items, answer_header) = (self.failed_items.as_ref(), proxy.manner.answer_header());
            let scene =
                Scene { control, armed, invocation, text, lasting, failed_items, hook, invoke_mode, answer_header };
            faults::carry_out(decision.plan.steps(), injections, scene).await
        };
        rescue::from_panic(&arrival.head.request_id, work).await.unwrap_or(Effect::Done)
    }

    fn decide(&self) -> Decision {
        if !self.admission.wants_before() {
            return Decision::default();
        }
        self.armed.enforcer.before(&self.invocation, &self.admission, clock::now())
    }
}
