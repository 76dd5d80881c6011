//! A streamed answer on its way: `throttle`, `pause`, `cut` and `break-off` are carried out where its bytes come to them.
//!
//! Offsets count bytes of the payload, which begins after the HTTP prelude. Nothing is asked of the handler before Lambda
//! has room for it, so a slow caller still holds the handler back.

mod flow;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use misrule_engine::decision::{Admission, Hook, PlannedStep, Step};
use misrule_engine::invocation::{Invocation, RequestId};
use misrule_engine::limits::DEADLINE_MARGIN;

use self::flow::Flow;
pub use self::flow::Turn;
use super::throttle::Throttle;
use super::{FailedItems, Lasting, Scene, break_off, cut, pause, throttle};
use crate::control::{Armed, Control};
use crate::settings::{AnswerHeader, InvokeMode};
use crate::telemetry::{Injections, RefusedStep};
use crate::{clock, panics};

/// Why a fault was not carried out whose offset the stream did not reach.
const TOO_LATE: &str = "the stream was over before its offset";

/// No body of a stream is there to be read.
static NOTHING: Bytes = Bytes::new();

/// What the faults of a stream outlive a request with: what a [`Scene`] borrows.
#[derive(Clone)]
pub struct Ground {
    control: Control,
    armed: Arc<Armed>,
    invocation: Arc<Invocation>,
    /// Nothing of a stream outlives it.
    lasting: Lasting,
    /// No stream reports records.
    failed_items: Arc<FailedItems>,
    /// How long the stream may still be held back beside what was granted, by the experiment's `max_delay`; none where it
    /// has none.
    allowance: Option<Duration>,
}

impl Ground {
    /// The ground of this plan, once its delays and pauses were granted.
    pub fn new(control: Control, armed: Arc<Armed>, invocation: Arc<Invocation>, admission: &Admission) -> Self {
        let max_delay = armed.enforcer.experiment().blast_radius.max_delay;
        let allowance = max_delay.map(|most| most.saturating_sub(admission.delayed()));
        Self { control, armed, invocation, lasting: Lasting::default(), failed_items: Arc::default(), allowance }
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        let (control, armed, invocation) = (&self.control, self.armed.as_ref(), self.invocation.as_ref());
        let (text, lasting, failed_items) = (&NOTHING, &self.lasting, self.failed_items.as_ref());
        let (hook, invoke_mode) = (Hook::After, InvokeMode::ResponseStream);
        // The head of a stream is the handler's own.
        let answer_header = AnswerHeader::Absent;
        Scene { control, armed, invocation, text, lasting, failed_items, hook, invoke_mode, answer_header }
    }

    /// Whether waiting is over by the invocation's deadline.
    pub(super) fn is_late(&self) -> bool {
        let margin = Duration::from_millis(DEADLINE_MARGIN.value);
        self.invocation.head().deadline.minus(margin) <= clock::now()
    }

    fn is_over(&self, step: &PlannedStep, injections: &Injections) -> bool {
        let scene = self.scene();
        if scene.control.may_inject(scene.armed, clock::now()) {
            return false;
        }
        if let Some(why) = scene.control.over(scene.armed) {
            scene.not_begun(step, injections, why);
        }
        true
    }

    fn refuse(&self, step: &PlannedStep) {
        let about = self.scene().about(&step.policy);
        let fault = step.step.kind().name();
        self.armed.tell(RefusedStep { about, fault, reason: TOO_LATE.to_owned(), count: 1 }.into());
    }
}

/// A stream under its faults.
pub struct Walk<B: Body> {
    flow: Arc<Mutex<Flow<B>>>,
    /// Bytes of the prelude that are still to come.
    prelude: u64,
    /// Bytes of the payload that passed.
    passed: u64,
    throttle: Option<Throttle>,
    /// What happens at an offset, the nearest first.
    marks: VecDeque<(u64, PlannedStep)>,
    over: bool,
    /// Policies that did not inject yet.
    injections: Injections,
    ground: Ground,
}

impl<B: Body<Data = Bytes> + Unpin> Walk<B> {
    /// The faults of streams among these steps; none where there are none. The payload begins after `prelude` bytes. A policy
    /// counts as injecting once a fault of its own comes to its bytes.
    pub fn of(
        steps: &[PlannedStep],
        prelude: u64,
        injections: Injections,
        ground: Ground,
    ) -> Option<impl FnOnce(B) -> Self + use<B>> {
        let throttle = Throttle::slowest(steps, ground.allowance);
        let mut marks: Vec<_> = steps.iter().filter_map(|step| Some((offset(&step.step)?, step.clone()))).collect();
        marks.sort_by_key(|(offset, _)| *offset);
        if throttle.is_none() && marks.is_empty() {
            return None;
        }
        Some(move |body| {
            let flow = Arc::new(Mutex::new(Flow::of(body)));
            Self { flow, prelude, passed: 0, throttle, marks: marks.into(), over: false, injections, ground }
        })
    }

    async fn turn(&mut self) -> Turn<B::Error> {
        if self.over {
            return Turn::End;
        }
        if let Some(turn) = self.at_mark().await {
            return turn;
        }
        match poll_fn(|cx| lock(&self.flow).poll_waiting(cx)).await {
            Some(waiting) => Turn::Frame(Frame::data(self.piece(waiting).await)),
            None => {
                self.too_late();
                let last = poll_fn(|cx| lock(&self.flow).poll_turn(cx)).await;
                self.over = !matches!(last, Turn::Frame(_));
                last
            }
        }
    }

    /// Carries out what happens here. None where the stream goes on.
    async fn at_mark(&mut self) -> Option<Turn<B::Error>> {
        while self.prelude == 0 && self.marks.front().is_some_and(|(offset, _)| *offset <= self.passed) {
            let (_, step) = self.marks.pop_front()?;
            if self.ground.is_over(&step, &self.injections) {
                continue;
            }
            self.injections.tell(&step.policy, &self.ground.armed);
            match &step.step {
                Step::Pause { duration, .. } => pause::carry_out(*duration, &step, self.ground.scene()).await,
                Step::BreakOff { error_type, message, .. } => {
                    let trailers = break_off::carry_out(error_type, message);
                    return Some(self.ends(Turn::Frame(Frame::trailers(trailers))));
                }
                _ => return Some(self.ends(cut::carry_out())),
            }
        }
        None
    }

    /// As much of what waits as may pass in one go, once it may. It is taken last: what breaks before loses nothing.
    async fn piece(&mut self, waiting: usize) -> Bytes {
        let most = |limit: u64| waiting.min(usize::try_from(limit).unwrap_or(usize::MAX));
        if self.prelude > 0 {
            let piece = lock(&self.flow).take(most(self.prelude));
            self.prelude -= piece.len() as u64;
            return piece;
        }
        let until_mark = self.marks.front().map_or(u64::MAX, |(offset, _)| offset - self.passed);
        let at_once = self.throttle.as_ref().map_or(u64::MAX, Throttle::at_once);
        let size = most(until_mark.min(at_once));
        if let Some(slow) = &mut self.throttle {
            self.injections.tell(slow.policy(), &self.ground.armed);
            if throttle::carry_out(slow, size, &self.ground).await.is_err() {
                self.throttle = None;
            }
        }
        self.passed += size as u64;
        lock(&self.flow).take(size)
    }

    fn ends(&mut self, last: Turn<B::Error>) -> Turn<B::Error> {
        self.too_late();
        self.over = true;
        last
    }

    fn too_late(&mut self) {
        for (_, step) in self.marks.drain(..) {
            // The length of a pause counted with its policy's line: this takes it away.
            match step.step.as_delay().is_some() && self.injections.told(&step.policy) {
                true => self.ground.scene().not_begun(&step, &self.injections, TOO_LATE),
                false => self.ground.refuse(&step),
            }
        }
    }
}

fn lock<B: Body>(flow: &Mutex<Flow<B>>) -> MutexGuard<'_, Flow<B>> {
    flow.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a step is carried out as a stream passes.
pub(super) const fn is_of_a_stream(step: &Step) -> bool {
    matches!(step, Step::Throttle(_)) || offset(step).is_some()
}

const fn offset(step: &Step) -> Option<u64> {
    match step {
        Step::Pause { after_bytes, .. } | Step::Cut(after_bytes) | Step::BreakOff { after_bytes, .. } => {
            Some(*after_bytes)
        }
        _ => None,
    }
}

/// Makes room in a head for what the faults among these steps put behind the body.
pub fn announce(steps: &[PlannedStep], headers: &mut HeaderMap) {
    if steps.iter().any(|step| matches!(step.step, Step::BreakOff { .. })) {
        break_off::announce(headers);
    }
}

/// A walk as a body is read: turn by turn, each only when it is asked for. Where a fault panics the faults end, and the
/// stream goes on as it is.
pub struct Walked<B: Body> {
    flow: Arc<Mutex<Flow<B>>>,
    walk: Mutex<State<B>>,
    id: RequestId,
}

enum State<B: Body> {
    Between(Box<Walk<B>>),
    Under(Pin<Box<dyn Future<Output = Turned<B>> + Send>>),
    Gone,
}

type Turned<B> = (Box<Walk<B>>, Turn<<B as Body>::Error>);

impl<B> Walked<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
{
    /// Before its first turn.
    pub fn new(walk: Walk<B>) -> Self {
        let (flow, id) = (Arc::clone(&walk.flow), walk.ground.invocation.head().request_id.clone());
        Self { flow, walk: Mutex::new(State::Between(Box::new(walk))), id }
    }

    /// The next turn.
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn<B::Error>> {
        let state = self.walk.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut under = match std::mem::replace(state, State::Gone) {
            State::Between(mut walk) => Box::pin(async move {
                let turn = walk.turn().await;
                (walk, turn)
            }),
            State::Under(under) => under,
            State::Gone => return lock(&self.flow).poll_turn(cx),
        };
        match panics::contain(Some(&self.id), || under.as_mut().poll(cx)) {
            Some(Poll::Ready((walk, turn))) => {
                *state = State::Between(walk);
                Poll::Ready(turn)
            }
            Some(Poll::Pending) => {
                *state = State::Under(under);
                Poll::Pending
            }
            None => lock(&self.flow).poll_turn(cx),
        }
    }
}

impl<B: Body> fmt::Debug for Walked<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Walked")
    }
}
