//! Signals that end a command before its time, and what goes on without it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::appconfig::{AppConfigError, Destination, Left, Service};
use crate::failure::{Blame, Explain, Failure};

/// What a command was at, for its last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Deploying an experiment.
    Experiment,
    /// Deploying a halt.
    Halt,
}

/// A signal came before the command was done.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: {}", left.join("; "))]
struct Interrupted {
    /// Its number.
    signal: u8,
    /// What each region was left with.
    left: Vec<String>,
    hint: String,
}

impl Explain for Interrupted {
    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }

    fn blame(&self) -> Blame {
        Blame::Signal(self.signal)
    }
}

/// Opens services and works with them, unless a signal comes first. What a service may not leave half done comes to its end even
/// then.
///
/// # Errors
///
/// The work's own; that it was interrupted, and what goes on without the command.
pub(crate) async fn heeded<'p>(
    work: Work,
    to: &Destination,
    opening: impl Future<Output = Result<Vec<Service<'p>>, AppConfigError>>,
    doing: impl AsyncFnOnce(&[Service<'p>]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = Signals::heard();
    let services = tokio::select! {
        opened = opening => opened?,
        signal = signals.first() => return Err(interrupted(&[], work, to, signal).into()),
    };
    let mut doing = pin!(doing(&services));
    let signal = tokio::select! {
        done = &mut doing => return done,
        signal = signals.first() => signal,
    };
    for service in &services {
        service
            .held_up_by()
            .into_iter()
            .for_each(|what| service.say(format_args!("interrupted: this ends once {what}")));
    }
    let done = poll_fn(|context| match doing.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if services.iter().any(|service| service.held_up_by().is_some()) => Poll::Pending,
        Poll::Pending => Poll::Ready(None),
    });
    match done.await {
        Some(done) => done,
        None => Err(interrupted(&services, work, to, signal).into()),
    }
}

fn interrupted(services: &[Service<'_>], work: Work, to: &Destination, signal: u8) -> Interrupted {
    let several = services.len() > 1;
    let told = |service: &Service<'_>| {
        let left = work.left(service.left());
        if several { format!("{}: {left}", service.region()) } else { left }
    };
    let goes_on: Vec<_> =
        services.iter().filter(|service| matches!(service.left(), Left::UnderWay(_))).map(Service::region).collect();
    let place = match &goes_on[..] {
        regions if several && !regions.is_empty() => format!("--to {to} --region {}", regions.join(",")),
        _ => format!("--to {to}"),
    };
    let halted = !services.is_empty() && services.iter().all(|service| service.left() != Left::Nothing);
    let hint = match work {
        Work::Experiment if goes_on.is_empty() => format!("`misrule status {place}` tells what is in force"),
        Work::Experiment => format!("`misrule halt {place}` stops it; `misrule status {place}` tells how far it is"),
        Work::Halt if halted => format!("`misrule status {place}` tells how far it is"),
        Work::Halt => "say the same again, with `--stop-others` where another deployment is in the way; or set \
                       MISRULE_DISABLED=true on the functions"
            .to_owned(),
    };
    let left = match services {
        [] => vec![work.left(Left::Nothing)],
        services => services.iter().map(told).collect(),
    };
    Interrupted { signal, left, hint }
}

impl Work {
    fn left(self, left: Left) -> String {
        match (self, left) {
            (Self::Experiment, Left::Nothing) => "nothing was deployed".to_owned(),
            (Self::Halt, Left::Nothing) => "NOT HALTED".to_owned(),
            (Self::Experiment, Left::UnderWay(number)) => format!("deployment {number} goes on without this command"),
            (Self::Halt, Left::UnderWay(number)) => {
                format!("the halt, deployment {number}, goes on without this command")
            }
            (Self::Experiment, Left::Complete(number)) => format!("deployment {number} is complete"),
            (Self::Halt, Left::Complete(number)) => format!("halted by deployment {number}"),
        }
    }
}

/// Waits for Ctrl-C, or for another signal that ends programs; its number.
pub(crate) async fn received() -> u8 {
    Signals::heard().first().await
}

/// The signals that end programs, which from now on end none.
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    fn heard() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(|kind| signal(kind).ok());
        Self { interrupt, terminate, hangup }
    }

    /// The number of the first that comes, or came.
    async fn first(&mut self) -> u8 {
        let kind = tokio::select! {
            Some(()) = next(&mut self.interrupt) => SignalKind::interrupt(),
            Some(()) = next(&mut self.terminate) => SignalKind::terminate(),
            Some(()) = next(&mut self.hangup) => SignalKind::hangup(),
            else => std::future::pending().await,
        };
        u8::try_from(kind.as_raw_value()).unwrap_or(0)
    }
}

async fn next(signal: &mut Option<Signal>) -> Option<()> {
    signal.as_mut()?.recv().await
}
