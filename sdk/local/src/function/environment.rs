use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;
use tokio::sync::oneshot;

use super::builder::Plan;
use super::output::{Origin, Output};
use super::process::{Exit, Process};
use super::shutdown::Shutdown;
use super::{StartError, variables};
use crate::lambda::{Finished, FunctionError, RuntimeApi, ShutdownReason};

/// How long a process that failed in init may take to end by itself.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long what a runtime sent before it ended may still be on its way.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// One execution environment: its API, its extensions, its runtime.
pub(super) struct Environment {
    pub(super) api: RuntimeApi,
    pub(super) extensions: Vec<Process>,
    pub(super) runtime: Process,
}

impl Environment {
    /// Init in Lambda's order: all extensions; once they have registered the runtime; then everybody's first question
    /// for an event.
    pub(super) async fn start(plan: &Plan) -> Result<Self, StartError> {
        let api = RuntimeApi::start(plan.settings.clone(), plan.recorder.clone(), 0).await;
        let api = api.map_err(StartError::Listen)?;
        let in_time = tokio::time::timeout(plan.init_timeout, Self::init(plan, api)).await;
        in_time.unwrap_or_else(|_| {
            let seconds = plan.init_timeout.as_secs_f64();
            let message = format!("Task timed out after {seconds:.2} seconds");
            Err(StartError::Init(FunctionError::lambda("Sandbox.Timedout", &message)))
        })
    }

    async fn init(plan: &Plan, api: RuntimeApi) -> Result<Self, StartError> {
        let extensions = start_extensions(plan, api.address())?;
        tokio::select! {
            biased;
            registered = api.extensions_registered() => registered.map_err(StartError::Init)?,
            (origin, exit) = first_exit(&extensions) => return Err(StartError::Init(ended(&origin, exit, None))),
        }
        let (program, command) = variables::runtime(plan, api.address());
        let runtime = launch(program, command, Origin::Runtime, &plan.output)?;
        let environment = Self { api, extensions, runtime };
        tokio::select! {
            // What was reported says more than the exit that follows it.
            biased;
            ready = environment.api.ready() => if let Err(reported) = ready {
                environment.last_words().await;
                return Err(StartError::Init(reported));
            },
            (origin, exit) = environment.exit() => return Err(StartError::Init(ended(&origin, exit, None))),
        }
        Ok(environment)
    }

    /// Who has reported that it failed ends by itself, once it has read the answer.
    async fn last_words(&self) {
        let _ = tokio::time::timeout(LAST_WORDS, self.exit()).await;
    }

    /// The first process that ends. Without its proxy a runtime soon ends too: so extensions are looked at first.
    async fn exit(&self) -> (Origin, Exit) {
        tokio::select! {
            biased;
            (origin, exit) = first_exit(&self.extensions) => (origin, exit),
            exit = self.runtime.exit() => (Origin::Runtime, exit),
        }
    }

    /// Follows one invocation to its end.
    ///
    /// # Errors
    /// Why the environment must be reset.
    pub(super) async fn supervise(&self, mut finished: oneshot::Receiver<Finished>) -> Result<(), ShutdownReason> {
        tokio::select! {
            finished = &mut finished => match finished {
                Ok(Finished::Idle) => Ok(()),
                Ok(Finished::TimedOut) if self.is_managed() => Ok(()),
                Ok(Finished::TimedOut) => Err(ShutdownReason::Timeout),
                Ok(Finished::Aborted) | Err(_) => Err(ShutdownReason::Failure),
            },
            (origin, exit) = self.exit() => {
                let _ = tokio::time::timeout(LAST_BYTES, finished).await;
                self.api.abort(|request_id| ended(&origin, exit, Some(request_id)));
                Err(ShutdownReason::Failure)
            }
        }
    }

    fn is_managed(&self) -> bool {
        self.api.is_managed()
    }

    /// Ends what is left of it: when there is no more work, and after a timeout or a crash too.
    pub(super) async fn shut_down(&self, reason: ShutdownReason) -> Shutdown {
        Shutdown::of(self, reason).await
    }

    pub(super) fn process_id(&self, origin: &Origin) -> Option<u32> {
        let mut processes = self.extensions.iter().chain([&self.runtime]);
        processes.find(|process| process.origin == *origin).and_then(Process::id)
    }

    /// Kills all of it at once.
    pub(super) fn kill(&self) {
        for process in self.extensions.iter().chain([&self.runtime]) {
            process.signal(Signal::KILL);
        }
    }
}

fn start_extensions(plan: &Plan, api: SocketAddr) -> Result<Vec<Process>, StartError> {
    let start = |program| {
        let command = variables::extension(plan, program, api);
        launch(&program.path, command, Origin::Extension(program.name.clone()), &plan.output)
    };
    plan.extensions.iter().map(start).collect()
}

fn launch(program: &std::path::Path, command: Command, origin: Origin, output: &Output) -> Result<Process, StartError> {
    let failed = |source| StartError::Launch { program: program.to_owned(), source };
    Process::spawn(command, origin, output).map_err(failed)
}

/// Waits for the first of several processes to end; for ever where there are none.
async fn first_exit(processes: &[Process]) -> (Origin, Exit) {
    let mut exits: Vec<Pin<Box<dyn Future<Output = Exit> + Send + '_>>> = Vec::new();
    for process in processes {
        exits.push(Box::pin(process.exit()));
    }
    std::future::poll_fn(|context| {
        for (process, exit) in processes.iter().zip(&mut exits) {
            if let std::task::Poll::Ready(exit) = exit.as_mut().poll(context) {
                return std::task::Poll::Ready((process.origin.clone(), exit));
            }
        }
        std::task::Poll::Pending
    })
    .await
}

/// What the caller sees when a process has ended.
fn ended(origin: &Origin, exit: Exit, request_id: Option<&str>) -> FunctionError {
    let (error_type, message) = match (origin, exit) {
        (Origin::Extension(_), exit) => ("Extension.Crash", exit.to_string()),
        (Origin::Runtime, Exit::Code(0)) => {
            ("Runtime.ExitError", "Runtime exited without providing a reason".to_owned())
        }
        (Origin::Runtime, exit) => ("Runtime.ExitError", format!("Runtime exited with error: {exit}")),
    };
    match request_id {
        Some(request_id) => FunctionError::request(request_id, error_type, &message),
        None => FunctionError::lambda(error_type, &format!("Error: {message}")),
    }
}
