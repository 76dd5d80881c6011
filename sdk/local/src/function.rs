//! A whole function: extension processes, a wrapper and a runtime process behind a [`RuntimeApi`], started, invoked,
//! reset and ended in Lambda's order.
//!
//! Processes stand in process groups of their own. They are killed when the [`Function`] is dropped, which also means
//! that a terminal's interrupt does not reach them: whoever owns the value must drop it.
//!
//! [`RuntimeApi`]: crate::lambda::RuntimeApi

mod builder;
mod environment;
mod output;
mod process;
mod report;
mod shutdown;
mod variables;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

pub use builder::FunctionBuilder;
use builder::Plan;
use environment::Environment;
pub use output::{Line, Origin, Stream};
pub use process::Exit;
use report::Report;
pub use shutdown::{Ended, Shutdown};

use crate::clock;
use crate::lambda::{Event, Exchange, FunctionError, Interception, Outcome, ShutdownReason};

/// A function with one execution environment, which is made anew after a timeout or a crash.
///
/// On demand, invocations wait for each other where Lambda would start a second environment.
pub struct Function {
    plan: Arc<Plan>,
    slot: Arc<Slot>,
    turns: Arc<Semaphore>,
}

/// The environment of the moment: empty between a reset and the next invocation.
#[derive(Default)]
struct Slot {
    current: std::sync::Mutex<Option<Arc<Environment>>>,
    starting: tokio::sync::Mutex<()>,
}

/// What one invocation came to.
#[derive(Debug)]
pub struct Invoked {
    /// What the caller gets.
    pub outcome: Outcome,
    /// How long it took, starting an environment included. For a stream: until it began.
    pub duration: Duration,
    /// The request id.
    pub request_id: String,
}

/// Why a function could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing was given to run.
    #[error("function {0} has no runtime command")]
    NoRuntime(String),
    /// The Runtime API could not be served.
    #[error("the local Runtime API cannot listen on a loopback port")]
    Listen(#[source] std::io::Error),
    /// The folder that stands for /tmp could not be made.
    #[error("no folder can be made for the function")]
    Folder(#[source] std::io::Error),
    /// A program could not be started.
    #[error("{} cannot be started", program.display())]
    Launch {
        /// The runtime, the wrapper or the extension.
        program: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Init failed; Lambda's own words for it are in the body.
    #[error("init failed with {}: {}", .0.error_type, .0.text("errorMessage").unwrap_or_default())]
    Init(FunctionError),
}

impl StartError {
    fn function_error(self, request_id: &str) -> FunctionError {
        match self {
            Self::Init(error) => error,
            Self::Launch { .. } => FunctionError::request(request_id, "Runtime.InvalidEntrypoint", &self.to_string()),
            Self::NoRuntime(_) | Self::Listen(_) | Self::Folder(_) => {
                FunctionError::request(request_id, "Sandbox.Failure", &self.to_string())
            }
        }
    }
}

impl Slot {
    fn current(&self) -> Option<Arc<Environment>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, environment: Arc<Environment>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(environment);
    }

    fn take(&self) -> Option<Arc<Environment>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes this environment out, if nobody has yet.
    fn remove(&self, environment: &Arc<Environment>) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, environment));
        if is_current {
            *current = None;
        }
        is_current
    }
}

impl Function {
    /// Describes a function of this name.
    pub fn builder(name: impl Into<String>) -> FunctionBuilder {
        FunctionBuilder::new(name.into())
    }

    fn new(plan: Plan) -> Self {
        let turns = Arc::new(Semaphore::new(plan.settings.managed.unwrap_or(1)));
        Self { plan: Arc::new(plan), slot: Arc::default(), turns }
    }

    async fn environment(&self) -> Result<Arc<Environment>, StartError> {
        let _starting = self.slot.starting.lock().await;
        if let Some(environment) = self.slot.current() {
            return Ok(environment);
        }
        let environment = Arc::new(Environment::start(&self.plan).await?);
        self.slot.put(Arc::clone(&environment));
        Ok(environment)
    }

    /// Invokes the function, in a fresh environment where the last one has ended.
    pub async fn invoke(&self, event: impl Into<Event>) -> Invoked {
        let began = Instant::now();
        let mut event = event.into();
        let request_id = event.request_id.get_or_insert_with(clock::uuid).clone();
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        let outcome = match self.environment().await {
            Ok(environment) => self.invoke_in(environment, event, turn).await,
            Err(error) => Outcome::Error(error.function_error(&request_id)),
        };
        Invoked { outcome, duration: began.elapsed(), request_id }
    }

    async fn invoke_in(
        &self,
        environment: Arc<Environment>,
        event: Event,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Outcome {
        let report = event.request_id.as_ref().and_then(|request_id| Report::start(&self.plan, request_id));
        let (outcome, finished) = environment.api.push(event).split();
        let slot = Arc::clone(&self.slot);
        // It goes on where the caller does not: the turn is over only when the environment is idle or gone.
        tokio::spawn(async move {
            let _turn = turn;
            let reset = environment.supervise(finished).await.err();
            if let Some(report) = report {
                report.end(reset);
            }
            if let Some(reason) = reset
                && slot.remove(&environment)
            {
                environment.shut_down(reason).await;
            }
        });
        let gone = FunctionError::lambda("Sandbox.Failure", "the environment ended");
        outcome.await.unwrap_or(Outcome::Error(gone))
    }

    /// Ends the environment as Lambda does when it has no more work for it; nothing where there is none.
    pub async fn shutdown(&self) -> Option<Shutdown> {
        let environment = self.slot.take()?;
        Some(environment.shut_down(ShutdownReason::SpinDown).await)
    }

    /// The address of the Runtime API of the environment of the moment.
    pub fn runtime_api(&self) -> Option<std::net::SocketAddr> {
        self.slot.current().map(|environment| environment.api.address())
    }

    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.plan.settings.function_name
    }

    /// The region that it says it is in.
    pub fn region(&self) -> &str {
        &self.plan.settings.region
    }

    /// The process id of a process of the environment of the moment.
    pub fn process_id(&self, origin: &Origin) -> Option<u32> {
        self.slot.current()?.process_id(origin)
    }

    /// What the processes have written so far: the last 10,000 lines, oldest first.
    pub fn output(&self) -> Vec<Line> {
        self.plan.output.lines()
    }

    /// Waits until the processes have written a line in which something is found, now or before.
    pub async fn until_output<T>(&self, found: impl FnMut(&Line) -> Option<T>) -> T {
        self.plan.output.until(found).await
    }

    /// The requests that reached the Runtime API, in all environments so far; nothing unless it records.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.plan.recorder.exchanges()
    }

    /// Waits until the record shows something, and says what was found.
    pub async fn until<T>(&self, found: impl FnMut(&[Exchange]) -> Option<T>) -> T {
        self.plan.recorder.until(found).await
    }

    /// See [`RuntimeApi::intercept`](crate::lambda::RuntimeApi::intercept); for the environment of the moment.
    pub fn intercept(&self, method: &str, path_end: &str, interception: Interception) {
        if let Some(environment) = self.slot.current() {
            environment.api.intercept(method, path_end, interception);
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if let Some(environment) = self.slot.take() {
            environment.kill();
        }
    }
}
