use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::intercept::{Interception, Interceptions};
use super::record::{Exchange, Recorder};
use super::state::State;
use super::{Event, FunctionError, InvocationId, Outcome, RuntimeApiBuilder, Settings, ShutdownReason, routes};
use crate::clock;
use crate::wire::{Head, Server};

/// The Runtime API and Extensions API of one execution environment, on a loopback port until dropped.
pub struct RuntimeApi {
    shared: Arc<Shared>,
    server: Server,
}

/// What the connections of one server share.
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) recorder: Recorder,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    interceptions: Mutex<Interceptions>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and begins and ends what that allows.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        let begun = state.advance();
        drop(state);
        self.changed.send_replace(());
        for serial in begun {
            self.start_timeout(serial);
        }
        result
    }

    /// Waits until the state has something, looking again after each change; the look may take it out.
    pub(super) async fn when<T>(&self, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            let found = found(&mut self.state());
            if let Some(found) = found {
                return found;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn start_timeout(self: &Arc<Self>, serial: u64) {
        let (shared, timeout) = (Arc::downgrade(self), self.settings.timeout);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            if let Some(shared) = shared.upgrade() {
                shared.change(|state| state.time_out(serial));
            }
        });
    }

    pub(super) fn interception(&self, head: &Head) -> Option<Interception> {
        self.interceptions.lock().unwrap_or_else(PoisonError::into_inner).take(head)
    }
}

impl RuntimeApi {
    /// One with Lambda's defaults.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn serve() -> io::Result<Self> {
        Self::builder().serve().await
    }

    /// One to be told more.
    pub fn builder() -> RuntimeApiBuilder {
        RuntimeApiBuilder::default()
    }

    pub(crate) async fn start(settings: Settings, recorder: Recorder, port: u16) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(Arc::clone(&settings))),
            changed: watch::Sender::new(()),
            interceptions: Mutex::default(),
            settings,
            recorder,
        });
        let serving = Arc::clone(&shared);
        let server = Server::bind(port, move |connection| routes::serve(Arc::clone(&serving), connection)).await?;
        Ok(Self { shared, server })
    }

    /// Where it listens: `AWS_LAMBDA_RUNTIME_API` is this, as `host:port`.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Queues an event. It begins once runtime and extensions wait, one at a time on demand.
    pub fn push(&self, event: impl Into<Event>) -> Pending {
        let mut event = event.into();
        let request_id = event.request_id.get_or_insert_with(clock::uuid).clone();
        if event.invocation_id == InvocationId::Fresh {
            event.invocation_id = InvocationId::Given(clock::uuid());
        }
        let (outcome_sender, outcome) = oneshot::channel();
        let (finished_sender, finished) = oneshot::channel();
        let invocation_id = event.invocation_id.clone();
        self.shared.change(|state| state.push(event, outcome_sender, finished_sender));
        Pending { request_id, invocation_id, outcome, finished }
    }

    /// The requests so far, in the order in which their heads came.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.recorder.exchanges()
    }

    /// Waits until the record shows something, and says what was found.
    pub async fn until<T>(&self, found: impl FnMut(&[Exchange]) -> Option<T>) -> T {
        self.shared.recorder.until(found).await
    }

    /// Answers the next request of this method whose path ends so in another way than Lambda does.
    pub fn intercept(&self, method: &str, path_end: &str, interception: Interception) {
        let mut interceptions = self.shared.interceptions.lock().unwrap_or_else(PoisonError::into_inner);
        interceptions.add(method, path_end, interception);
    }

    /// Waits until each declared extension has registered, or one of them has reported that it failed.
    ///
    /// # Errors
    /// The failure that was reported.
    pub async fn extensions_registered(&self) -> Result<(), FunctionError> {
        let registered = |state: &State| state.extensions.are_registered().then_some(());
        self.shared.when(|state| state.init_error().map(Err).or_else(|| registered(state).map(Ok))).await
    }

    /// Waits until the runtime and every extension have asked for their first event.
    ///
    /// # Errors
    /// The failure that the runtime or an extension reported.
    pub async fn ready(&self) -> Result<(), FunctionError> {
        let ready = |state: &State| state.is_ready().then_some(());
        self.shared.when(|state| state.init_error().map(Err).or_else(|| ready(state).map(Ok))).await
    }

    /// Sends SHUTDOWN to the extensions that want it. Nothing is begun from now on.
    pub fn shut_down_extensions(&self, reason: ShutdownReason, within: std::time::Duration) {
        let deadline = clock::now() + clock::milliseconds(within);
        self.shared.change(|state| state.extensions.shut_down(reason, deadline));
    }

    /// Whether an extension of this name registered for SHUTDOWN.
    pub(crate) fn wants_shutdown(&self, extension: &str) -> bool {
        self.shared.state().extensions.wants_shutdown(extension)
    }

    pub(crate) fn is_managed(&self) -> bool {
        self.shared.settings.managed.is_some()
    }

    /// Ends everything that runs or waits with an error made for each request id.
    pub(crate) fn abort(&self, error: impl Fn(&str) -> FunctionError) {
        self.shared.change(|state| state.abort(error));
    }
}

/// An invocation under way.
#[derive(Debug)]
pub struct Pending {
    request_id: String,
    invocation_id: InvocationId,
    outcome: oneshot::Receiver<Outcome>,
    finished: oneshot::Receiver<Finished>,
}

/// How an invocation left its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The runtime and the extensions wait for the next one.
    Idle,
    /// The timeout ran out, before the answer or after it.
    TimedOut,
    /// A process ended, or the environment did.
    Aborted,
}

impl Pending {
    /// The request id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The value of `Lambda-Runtime-Invocation-Id`.
    pub fn invocation_id(&self) -> Option<&str> {
        match &self.invocation_id {
            InvocationId::Given(id) => Some(id),
            InvocationId::Fresh | InvocationId::Absent => None,
        }
    }

    /// Waits for the answer. For a stream that is its beginning. To be asked once.
    pub async fn outcome(&mut self) -> Outcome {
        let gone =
            |_| Outcome::Error(FunctionError::request(&self.request_id, "Sandbox.Failure", "the environment ended"));
        (&mut self.outcome).await.unwrap_or_else(gone)
    }

    /// Waits until the environment is done with it: the runtime asked for more, and so did the extensions.
    pub async fn finished(self) -> Finished {
        self.finished.await.unwrap_or(Finished::Aborted)
    }

    pub(crate) fn split(self) -> (oneshot::Receiver<Outcome>, oneshot::Receiver<Finished>) {
        (self.outcome, self.finished)
    }
}
