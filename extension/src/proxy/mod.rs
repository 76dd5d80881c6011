//! The road of an invocation: from Lambda to the runtime, and its answer back.
//!
//! Every route of the Runtime API passes, unknown ones too, as its bytes came: only `Host` names the upstream. One
//! downstream connection has one upstream connection, so that who waits for which event stays exact: Lambda forgets an
//! event that it handed to a connection nobody reads. Nothing times out, since a `/next` waits across a freeze of hours.
//!
//! `road` holds the stations of an invocation in their order; the other files hold one thing each.

mod answered;
mod arrival;
mod content;
mod downstream;
mod identity;
mod limits;
mod manner;
mod post;
mod prelude;
mod rescue;
mod road;
mod route;
mod stream;
#[cfg(test)]
mod tests;
mod under_way;
mod upstream;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

pub(crate) use self::content::Content;
use self::downstream::{Downstream, Watch};
use self::manner::Manner;
use self::under_way::Invocations;
pub use self::upstream::Lambda;
pub(crate) use self::upstream::{Unanswered, Upstream};
use crate::control::Control;
use crate::faults::Lasting;
use crate::settings::{AnswerHeader, InvokeMode};
use crate::telemetry::{self, Failed, Line};

/// What all connections share.
pub struct Proxy {
    lambda: Arc<Lambda>,
    control: OnceLock<Control>,
    dry_run: bool,
    invocations: Invocations,
    manner: Manner,
    lasting: Lasting,
    /// Events that this execution environment received so far.
    received: AtomicU64,
    /// Whether a runtime asked for an event yet.
    asked: AtomicBool,
    /// Lambda shuts the environment down, so connections close.
    ending: AtomicBool,
}

/// One connection of a runtime, and its upstream connection.
struct Connection {
    proxy: Arc<Proxy>,
    upstream: Upstream,
    watch: Watch,
}

impl Proxy {
    /// A plain pass-through to this Runtime API, until [`obey`](Self::obey) says otherwise. With `dry_run` it decides and
    /// logs, and injects nothing.
    pub fn new(lambda: Lambda, dry_run: bool) -> Arc<Self> {
        Arc::new(Self {
            lambda: Arc::new(lambda),
            control: OnceLock::new(),
            dry_run,
            invocations: Invocations::default(),
            manner: Manner::default(),
            lasting: Lasting::default(),
            received: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            ending: AtomicBool::new(false),
        })
    }

    /// Injects what this control has in force, from the next event on. Only the first call counts.
    pub fn obey(&self, control: Control) {
        let _ = self.control.set(control);
    }

    /// Answers function URLs and REST APIs in this mode, however the handler does. Only the first call counts.
    pub fn answer_in(&self, mode: InvokeMode) {
        self.manner.tell(mode);
    }

    /// Says or does not say in answers of ours that they are. Only the first call counts.
    pub fn name_itself(&self, header: AnswerHeader) {
        self.manner.tell_header(header);
    }

    /// Takes memory and CPU time in processes of this program, which is the layer's own. Only the first call counts.
    pub fn stress_with(&self, program: PathBuf) {
        self.lasting.stress_with(program);
    }

    /// Lets names fail to resolve in runtimes that the wrapper starts from here on. Only the first call counts.
    ///
    /// # Errors
    /// Where the kernel has no files of memory that can be sealed (Linux 5.1 and newer have).
    pub fn offer_names(&self) -> io::Result<()> {
        self.lasting.names().offer()
    }

    /// Lambda shuts the environment down: undoes what faults left in it.
    pub fn shut_down(&self) {
        self.ending.store(true, Ordering::Relaxed);
        self.lasting.end();
    }

    /// Accepts runtimes, for as long as the process lives: what goes wrong with one connection stays with it.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(Arc::clone(&self).converse(stream));
                }
                Err(error) => cannot_accept(&error).await,
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: TcpStream) {
        let downstream = Downstream::new(stream);
        let upstream = Upstream::new(Arc::clone(&self.lambda));
        let connection = Arc::new(Connection { upstream, watch: downstream.watch(), proxy: self });
        let service = service_fn(move |request| Arc::clone(&connection).answer(request));
        // What goes wrong here is one side closing, which the other side is told by closing. Where that is Lambda's, `answer`
        // tells it.
        let _ = downstream::protocol().serve_connection(TokioIo::new(downstream), service).await;
    }
}

impl Connection {
    /// Answers one request, or fails and so closes the connection: never an answer that Lambda did not give, since a
    /// runtime ends at any status other than 200 on `/next`.
    ///
    /// A runtime that only waits is looked at meanwhile: its end tells us that it went, and an event that comes for it then
    /// would be lost. That a client only closed its writing half looks the same; no runtime's client does that, and refusing
    /// one costs less than an event. What a runtime sends goes up even where it leaves at once.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Content>, Unanswered> {
        let request = request.map(Content::from_runtime);
        let waits = request.method() == Method::GET && request.body().is_end_stream();
        let answer = match waits {
            false => self.walk(request).await,
            true => tokio::select! {
                biased;
                answer = self.walk(request) => answer,
                () = self.watch.gone() => Err(Unanswered::RuntimeGone),
            },
        };
        if let Err(unanswered) = &answer
            && !self.proxy.ending.load(Ordering::Relaxed)
        {
            rescue::from_unanswered(unanswered, waits);
        }
        answer
    }
}

/// Out of descriptors, most likely: they come back as connections close.
async fn cannot_accept(error: &io::Error) {
    let hint = Some("the connection is accepted as soon as that is possible".to_owned());
    Line::from(Failed { part: "proxy", request_id: None, reason: telemetry::chain(error), hint, count: 1 }).emit();
    tokio::time::sleep(Duration::from_millis(20)).await;
}
