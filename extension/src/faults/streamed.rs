//! A streamed answer on its way: `throttle`, `pause`, `cut` and `break-off` are carried out where its bytes come to them.
//!
//! Offsets count bytes of the payload, which begins after the HTTP prelude. Nothing is asked of the handler before Lambda
//! has room for it, so a slow caller still holds the handler back.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use misrule_engine::decision::{Admission, Hook, PlannedStep, Step};
use misrule_engine::invocation::Invocation;
use misrule_engine::limits::DEADLINE_MARGIN;

use super::throttle::Throttle;
use super::{FailedItems, Lasting, Scene, break_off, cut, pause, throttle};
use crate::clock;
use crate::control::{Armed, Control};
use crate::settings::{AnswerHeader, InvokeMode};
use crate::telemetry::RefusedStep;

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

    fn is_over(&self, step: &PlannedStep) -> bool {
        let scene = self.scene();
        if scene.control.may_inject(scene.armed, clock::now()) {
            return false;
        }
        scene
            .control
            .over(scene.armed)
            .iter()
            .for_each(|why| scene.ended(&step.policy, &step.step, Duration::ZERO, why));
        true
    }

    fn refuse(&self, step: &PlannedStep) {
        let about = self.scene().about(&step.policy);
        let fault = step.step.kind().name();
        self.armed.tell(RefusedStep { about, fault, reason: TOO_LATE.to_owned(), count: 1 }.into());
    }
}

/// What comes next of a stream.
#[derive(Debug)]
pub enum Turn<E> {
    /// Bytes, or trailers.
    Frame(Frame<Bytes>),
    /// The handler's side broke off.
    Broken(E),
    /// A fault cut it: no clean end follows.
    Cut,
    /// It is over.
    End,
}

/// A stream under its faults.
pub struct Walk<B> {
    body: B,
    /// Bytes of the prelude that are still to come.
    prelude: u64,
    /// Bytes of the payload that passed.
    passed: u64,
    /// Bytes that the handler sent and that have not passed.
    waiting: Bytes,
    throttle: Option<Throttle>,
    /// What happens at an offset, the nearest first.
    marks: VecDeque<(u64, PlannedStep)>,
    over: bool,
    ground: Ground,
}

impl<B: Body<Data = Bytes> + Unpin> Walk<B> {
    /// The faults of streams among these steps; none where there are none. The payload begins after `prelude` bytes.
    pub fn of(steps: &[PlannedStep], prelude: u64, ground: Ground) -> Option<impl FnOnce(B) -> Self + use<B>> {
        let throttle = Throttle::slowest(steps, ground.allowance);
        let mut marks: Vec<_> = steps.iter().filter_map(|step| Some((offset(&step.step)?, step.clone()))).collect();
        marks.sort_by_key(|(offset, _)| *offset);
        if throttle.is_none() && marks.is_empty() {
            return None;
        }
        let (passed, waiting, over) = (0, Bytes::new(), false);
        Some(move |body| Self { body, prelude, passed, waiting, throttle, marks: marks.into(), over, ground })
    }

    async fn turn(&mut self) -> Turn<B::Error> {
        if self.over {
            return Turn::End;
        }
        loop {
            if let Some(turn) = self.at_mark().await {
                return turn;
            }
            if !self.waiting.is_empty() {
                return Turn::Frame(Frame::data(self.piece().await));
            }
            match poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.waiting = data,
                    Err(trailers) => {
                        self.too_late();
                        return Turn::Frame(trailers);
                    }
                },
                Some(Err(broken)) => return self.ends(Turn::Broken(broken)),
                None => return self.ends(Turn::End),
            }
        }
    }

    /// Carries out what happens here. None where the stream goes on.
    async fn at_mark(&mut self) -> Option<Turn<B::Error>> {
        while self.prelude == 0 && self.marks.front().is_some_and(|(offset, _)| *offset <= self.passed) {
            let (_, step) = self.marks.pop_front()?;
            if self.ground.is_over(&step) {
                continue;
            }
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

    /// As much as may pass in one go, once it may.
    async fn piece(&mut self) -> Bytes {
        if self.prelude > 0 {
            let piece = self.take(self.prelude);
            self.prelude -= piece.len() as u64;
            return piece;
        }
        let until_mark = self.marks.front().map_or(u64::MAX, |(offset, _)| offset - self.passed);
        let at_once = self.throttle.as_ref().map_or(u64::MAX, Throttle::at_once);
        let piece = self.take(until_mark.min(at_once));
        if let Some(slow) = &mut self.throttle
            && throttle::carry_out(slow, piece.len(), &self.ground).await.is_err()
        {
            self.throttle = None;
        }
        self.passed += piece.len() as u64;
        piece
    }

    fn take(&mut self, most: u64) -> Bytes {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.waiting.split_to(most.min(self.waiting.len()))
    }

    fn ends(&mut self, last: Turn<B::Error>) -> Turn<B::Error> {
        self.over = true;
        self.too_late();
        last
    }

    fn too_late(&mut self) {
        self.marks.drain(..).for_each(|(_, step)| self.ground.refuse(&step));
    }
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

/// A walk as a body is read: turn by turn, each only when it is asked for.
pub struct Walked<B: Body>(Mutex<State<B>>);

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
        Self(Mutex::new(State::Between(Box::new(walk))))
    }

    /// The next turn.
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn<B::Error>> {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut under = match std::mem::replace(state, State::Gone) {
            State::Between(mut walk) => Box::pin(async move {
                let turn = walk.turn().await;
                (walk, turn)
            }),
            State::Under(under) => under,
            State::Gone => return Poll::Ready(Turn::Cut),
        };
        let Poll::Ready((walk, turn)) = under.as_mut().poll(cx) else {
            *state = State::Under(under);
            return Poll::Pending;
        };
        *state = State::Between(walk);
        Poll::Ready(turn)
    }
}

impl<B: Body> fmt::Debug for Walked<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Walked")
    }
}
