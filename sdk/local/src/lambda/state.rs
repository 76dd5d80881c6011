use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::api::Finished;
use super::extensions::Extensions;
use super::refusal::Refusal;
use super::{Event, FunctionError, InvocationId, Outcome, Settings, StreamEnd};
use crate::clock;

/// Everything that one execution environment knows. Its methods are the transitions that Lambda allows.
pub(super) struct State {
    pub(super) settings: Arc<Settings>,
    pub(super) extensions: Extensions,
    phase: Phase,
    /// On demand: the runtime has asked for the next event and not been given it.
    runtime_waits: bool,
    /// Managed Instances: who asked for an event, first come first served; also those who have gone since.
    waiters: VecDeque<u64>,
    tickets: u64,
    queue: VecDeque<Invocation>,
    active: Vec<Invocation>,
    timed_out: HashSet<String>,
    serials: u64,
}

/// How far the runtime is.
enum Phase {
    Started,
    Failed(FunctionError),
    Up,
}

/// One invocation, queued or running.
pub(super) struct Invocation {
    pub(super) serial: u64,
    pub(super) request_id: String,
    pub(super) invocation_id: Option<String>,
    pub(super) event: Event,
    pub(super) deadline: u64,
    progress: Progress,
    ticket: Option<u64>,
    outcome: Option<oneshot::Sender<Outcome>>,
    stream_end: Option<oneshot::Sender<StreamEnd>>,
    finished: Option<oneshot::Sender<Finished>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    Answering(Answering),
    Answered,
}

/// Which of the two answers a runtime has begun.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answering {
    Response,
    Error,
}

impl Answering {
    fn state(self) -> &'static str {
        match self {
            Self::Response => "InvocationResponse",
            Self::Error => "InvocationErrorResponse",
        }
    }
}

/// Why an environment ends, in the words of the SHUTDOWN event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownReason {
    /// Lambda has no more work for it.
    SpinDown,
    /// The function's timeout ran out.
    Timeout,
    /// A process of it ended.
    Failure,
}

impl ShutdownReason {
    /// The word in the event.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpinDown => "SPINDOWN",
            Self::Timeout => "TIMEOUT",
            Self::Failure => "FAILURE",
        }
    }
}

impl Invocation {
    fn caller_gets(&mut self, outcome: Outcome) {
        if let Some(caller) = self.outcome.take() {
            // A caller that has gone does not want its answer.
            let _ = caller.send(outcome);
        } else if let Some(end) = self.stream_end.take() {
            let _ = end.send(match outcome {
                Outcome::Error(error) | Outcome::TimedOut(error) => StreamEnd::Error(error),
                Outcome::Answer(_) | Outcome::Streamed(_) => StreamEnd::Complete,
            });
        }
    }

    fn finishes(mut self, how: Finished) {
        if let Some(finished) = self.finished.take() {
            let _ = finished.send(how);
        }
    }
}

impl State {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            extensions: Extensions::new(&settings),
            settings,
            phase: Phase::Started,
            runtime_waits: false,
            waiters: VecDeque::new(),
            tickets: 0,
            queue: VecDeque::new(),
            active: Vec::new(),
            timed_out: HashSet::new(),
            serials: 0,
        }
    }

    fn is_managed(&self) -> bool {
        self.settings.managed.is_some()
    }

    /// Whether the runtime and every extension have asked for their first event.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Up) && self.extensions.are_idle()
    }

    pub(super) fn init_error(&self) -> Option<FunctionError> {
        match &self.phase {
            Phase::Failed(error) => Some(error.clone()),
            Phase::Started | Phase::Up => self.extensions.failure(),
        }
    }

    pub(super) fn push(
        &mut self,
        event: Event,
        outcome: oneshot::Sender<Outcome>,
        finished: oneshot::Sender<Finished>,
    ) {
        self.serials += 1;
        self.queue.push_back(Invocation {
            serial: self.serials,
            request_id: event.request_id.clone().unwrap_or_default(),
            invocation_id: match &event.invocation_id {
                InvocationId::Given(id) => Some(id.clone()),
                InvocationId::Fresh | InvocationId::Absent => None,
            },
            event,
            deadline: 0,
            progress: Progress::Running,
            ticket: None,
            outcome: Some(outcome),
            stream_end: None,
            finished: Some(finished),
        });
    }

    /// Begins what can begin and ends what has ended; the serials of those begun, whose timeout runs from now.
    /// Called after every change.
    pub(super) fn advance(&mut self) -> Vec<u64> {
        if !self.is_managed() {
            self.finish_answered();
        }
        let mut begun = Vec::new();
        while self.can_begin() {
            let Some(invocation) = self.queue.pop_front() else { break };
            begun.push(self.begin(invocation));
        }
        begun
    }

    fn finish_answered(&mut self) {
        let answered = self.active.first().is_some_and(|active| active.progress == Progress::Answered);
        if answered && self.runtime_waits && self.extensions.are_idle() {
            self.active.remove(0).finishes(Finished::Idle);
        }
    }

    fn can_begin(&self) -> bool {
        let somebody_waits = if let Some(concurrency) = self.settings.managed {
            !self.waiters.is_empty() && self.active.len() < concurrency
        } else {
            self.runtime_waits && self.active.is_empty()
        };
        somebody_waits && self.is_ready() && !self.extensions.are_shutting_down()
    }

    fn begin(&mut self, mut invocation: Invocation) -> u64 {
        invocation.deadline = clock::now() + clock::milliseconds(self.settings.timeout);
        invocation.ticket = self.waiters.pop_front();
        self.runtime_waits = false;
        self.extensions.invoke(&invocation, &self.settings);
        let serial = invocation.serial;
        self.active.push(invocation);
        serial
    }

    /// The runtime asks for an event.
    pub(super) fn ask(&mut self) -> Result<u64, Refusal> {
        let state = self.runtime_state();
        let refused = matches!(self.phase, Phase::Failed(_))
            || (!self.is_managed()
                && matches!(self.active.first(), Some(Invocation { progress: Progress::Answering(_), .. })));
        if refused {
            return Err(Refusal::transition(state, "Ready"));
        }
        if self.settings.managed.is_some_and(|concurrency| self.waiters.len() >= concurrency) {
            return Err(Refusal::TOO_MANY_WAITING);
        }
        self.phase = Phase::Up;
        self.extensions.close_registration();
        self.tickets += 1;
        if self.is_managed() {
            self.waiters.push_back(self.tickets);
        } else {
            self.runtime_waits = !self.active.first().is_some_and(|active| active.progress == Progress::Running);
        }
        Ok(self.tickets)
    }

    /// The runtime is ready for its snapshot.
    pub(super) fn await_restore(&mut self) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Started) {
            return Err(Refusal::transition(self.runtime_state(), "RestoreReady"));
        }
        self.phase = Phase::Up;
        self.extensions.close_registration();
        Ok(())
    }

    /// Whether there is an event that the environment must be restored for.
    pub(super) fn is_wanted(&self) -> bool {
        self.extensions.are_idle() && !self.queue.is_empty()
    }

    /// The event for who asked with this ticket, once there is one. On demand a repeated question gets it again.
    pub(super) fn delivered(&self, ticket: u64) -> Option<&Invocation> {
        if self.is_managed() {
            return self.active.iter().find(|active| active.ticket == Some(ticket));
        }
        self.active.first().filter(|active| active.progress == Progress::Running)
    }

    /// The runtime begins an answer.
    pub(super) fn begin_answer(&mut self, id: &str, nonce: Option<&str>, answer: Answering) -> Result<u64, Refusal> {
        if self.timed_out.contains(id) {
            return Err(Refusal::GONE);
        }
        let (state, managed) = (self.runtime_state(), self.is_managed());
        let Some(active) = self.active.iter_mut().find(|active| active.request_id == id) else {
            return Err(Refusal::UNKNOWN_REQUEST);
        };
        if nonce.is_some_and(|nonce| active.invocation_id.as_deref() != Some(nonce)) {
            return Err(Refusal::GONE);
        }
        let streaming = active.progress == Progress::Answering(Answering::Response) && active.stream_end.is_some();
        if active.progress == Progress::Running || (managed && streaming && answer == Answering::Error) {
            active.progress = Progress::Answering(answer);
            return Ok(active.serial);
        }
        Err(Refusal::transition(state, answer.state()))
    }

    /// The caller gets a stream; whoever ends it takes the sender.
    pub(super) fn stream(&mut self, serial: u64, outcome: Outcome, end: oneshot::Sender<StreamEnd>) {
        if let Some(active) = self.active.iter_mut().find(|active| active.serial == serial) {
            active.caller_gets(outcome);
            active.stream_end = Some(end);
        }
    }

    /// Whether the invocation still waits for the end of its answer.
    pub(super) fn awaits_answer(&self, serial: u64) -> bool {
        self.active.iter().any(|active| active.serial == serial && active.progress != Progress::Answered)
    }

    /// The answer is complete. False where the invocation has ended meanwhile.
    pub(super) fn answer(&mut self, serial: u64, outcome: Outcome) -> bool {
        let Some(at) = self.active.iter().position(|active| active.serial == serial) else { return false };
        let Some(active) = self.active.get_mut(at) else { return false };
        active.caller_gets(outcome);
        active.progress = Progress::Answered;
        if self.is_managed() {
            self.active.remove(at).finishes(Finished::Idle);
        }
        true
    }

    /// The stream broke off.
    pub(super) fn truncate(&mut self, serial: u64) {
        if let Some(active) = self.active.iter_mut().find(|active| active.serial == serial)
            && let Some(end) = active.stream_end.take()
        {
            let _ = end.send(StreamEnd::Truncated);
        }
        let message = "the answer was truncated";
        self.answer(serial, Outcome::Error(FunctionError::lambda("Runtime.TruncatedResponse", message)));
    }

    /// The function's timeout has run out, if the invocation still runs.
    pub(super) fn time_out(&mut self, serial: u64) {
        let Some(at) = self.active.iter().position(|active| active.serial == serial) else { return };
        let mut active = self.active.remove(at);
        if active.progress != Progress::Answered {
            let seconds = self.settings.timeout.as_secs_f64();
            let message = format!("Task timed out after {seconds:.2} seconds");
            let error = FunctionError::request(&active.request_id, "Sandbox.Timedout", &message);
            self.timed_out.insert(active.request_id.clone());
            active.caller_gets(Outcome::TimedOut(error));
        }
        active.finishes(Finished::TimedOut);
    }

    /// Ends everything that runs or waits with an error for each.
    pub(super) fn abort(&mut self, error: impl Fn(&str) -> FunctionError) {
        for mut invocation in self.active.drain(..).chain(self.queue.drain(..)) {
            let error = error(&invocation.request_id);
            invocation.caller_gets(Outcome::Error(error));
            invocation.finishes(Finished::Aborted);
        }
    }

    /// The runtime says that it cannot start.
    pub(super) fn fail_init(&mut self, error: FunctionError) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Started) {
            return Err(Refusal::transition(self.runtime_state(), "InitError"));
        }
        self.phase = Phase::Failed(error);
        Ok(())
    }

    fn runtime_state(&self) -> &'static str {
        match (&self.phase, self.active.first().map(|active| active.progress)) {
            (Phase::Started, _) => "Started",
            (Phase::Failed(_), _) => "InitError",
            (Phase::Up, Some(Progress::Running)) => "Running",
            (Phase::Up, Some(Progress::Answering(answer))) => answer.state(),
            (Phase::Up, Some(Progress::Answered)) if !self.runtime_waits => "RuntimeResponseSentState",
            (Phase::Up, _) => "Ready",
        }
    }
}
