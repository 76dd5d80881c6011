use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, timeout_at};

use super::environment::Environment;
use super::output::Origin;
use super::process::{Exit, Process};
use crate::lambda::ShutdownReason;

/// How long an environment with extensions has to end.
const WITH_EXTENSIONS: Duration = Duration::from_millis(2000);
/// The part of it that the runtime has for itself.
const FOR_RUNTIME: Duration = Duration::from_millis(600);

/// How an environment ended.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// The runtime.
    pub runtime: Ended,
    /// The extensions, in the order in which they were given.
    pub extensions: Vec<Ended>,
}

/// How one process ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Which.
    pub origin: Origin,
    /// With what.
    pub exit: Exit,
    /// Whether it did not end in time and was killed.
    pub killed: bool,
    /// How long after it was told to end.
    pub after: Duration,
}

impl Shutdown {
    /// SIGTERM to the runtime; once that has ended SHUTDOWN to the extensions; SIGKILL when time is up. Without
    /// extensions the runtime is killed at once, and so is an extension that did not ask for SHUTDOWN.
    pub(super) async fn of(environment: &Environment, reason: ShutdownReason) -> Self {
        let began = Instant::now();
        let deadline = began + WITH_EXTENSIONS;
        if environment.extensions.is_empty() {
            let runtime = end(&environment.runtime, Signal::KILL, began).await;
            return Self { runtime, extensions: Vec::new() };
        }
        let runtime = end(&environment.runtime, Signal::TERM, began + FOR_RUNTIME).await;
        let api = &environment.api;
        api.shut_down_extensions(reason, deadline.saturating_duration_since(Instant::now()));
        let mut extensions = Vec::new();
        let told = Instant::now();
        for extension in &environment.extensions {
            let asked = matches!(&extension.origin, Origin::Extension(name) if api.wants_shutdown(name));
            let ended = end_from(extension, told, if asked { deadline } else { told }).await;
            extensions.push(ended);
        }
        Self { runtime, extensions }
    }
}

async fn end(process: &Process, signal: Signal, deadline: Instant) -> Ended {
    process.signal(signal);
    end_from(process, Instant::now(), deadline).await
}

async fn end_from(process: &Process, told: Instant, deadline: Instant) -> Ended {
    let (exit, killed) = match timeout_at(deadline, process.exit()).await {
        Ok(exit) => (exit, false),
        Err(_) => {
            process.signal(Signal::KILL);
            (process.exit().await, true)
        }
    };
    Ended { origin: process.origin.clone(), exit, killed, after: told.elapsed() }
}
