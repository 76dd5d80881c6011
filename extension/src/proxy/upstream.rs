//! Lambda's side of a connection: at most one upstream connection for each downstream connection, made when it is first
//! needed and kept for as long as both sides keep it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::content::Content;
use super::stream::Stream;
use super::{limits, rescue};
use crate::settings::UpstreamAddress;

/// Where requests go: Lambda's Runtime API, or the next proxy before it. Never through HTTP_PROXY.
pub struct Lambda {
    address: Arc<Address>,
    /// Lambda itself, where `address` is another proxy.
    own: Option<Arc<Address>>,
    /// The other proxy was not there: from then on requests go to Lambda itself.
    bypassing: AtomicBool,
    /// Counts restores from a snapshot: a connection made before the last one is dead.
    generation: AtomicU64,
}

/// An address, and how its host is named in a request.
struct Address {
    upstream: UpstreamAddress,
    host: Option<HeaderValue>,
}

/// One upstream connection, or none yet.
pub(crate) struct Upstream {
    lambda: Arc<Lambda>,
    idle: Mutex<Option<Idle>>,
}

struct Idle {
    sender: SendRequest<Content>,
    /// Where it leads: a proxy that is passed by now may still have been there when it was made.
    address: Arc<Address>,
    generation: u64,
}

/// A request got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// No connection could be made, so nothing was sent.
    #[error("Lambda's Runtime API at {address} cannot be reached")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// The request, as it was.
        request: Box<Request<Content>>,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The connection ended before the request was begun, twice.
    #[error("Lambda's Runtime API at {address} closed the connection before the request was sent")]
    Unsent {
        /// Where it led.
        address: String,
        /// The request, as it was.
        request: Box<Request<Content>>,
        /// What ended it.
        #[source]
        cause: hyper::Error,
    },
    /// The connection ended with the request on its way: Lambda may have seen it.
    #[error("Lambda's Runtime API at {address} closed the connection without an answer")]
    Lost {
        /// Where it led.
        address: String,
        /// What ended it.
        #[source]
        cause: hyper::Error,
    },
    /// The runtime closed its connection, so nobody waits for an answer.
    #[error("the runtime closed its connection")]
    RuntimeGone,
}

impl Unanswered {
    /// The request, where Lambda has provably seen nothing of it.
    pub(crate) fn into_unsent(self) -> Result<Request<Content>, Self> {
        match self {
            Self::Unreachable { request, .. } | Self::Unsent { request, .. } => Ok(*request),
            sent => Err(sent),
        }
    }
}

impl Lambda {
    /// Lambda's own API.
    pub fn new(own: UpstreamAddress) -> Self {
        let (bypassing, generation) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { address: Address::new(own), own: None, bypassing, generation }
    }

    /// Another proxy, and Lambda's own API behind it for when that proxy is not there. The same address twice is Lambda's.
    pub fn behind(proxy: UpstreamAddress, own: UpstreamAddress) -> Self {
        let fallback = (proxy != own).then(|| Address::new(own));
        Self { own: fallback, ..Self::new(proxy) }
    }

    /// Before whom this proxy stands: the next proxy, where there is one, and Lambda itself.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &UpstreamAddress> {
        std::iter::once(&self.address).chain(&self.own).map(|address| &address.upstream)
    }

    /// The environment was restored from a snapshot: connections made before are not used again.
    pub(crate) fn restored(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    fn address(&self) -> &Arc<Address> {
        let bypassing = self.bypassing.load(Ordering::Relaxed);
        self.own.as_ref().filter(|_| bypassing).unwrap_or(&self.address)
    }

    /// Connects to where requests go now. Another proxy that is not there is passed by, once and for all.
    async fn connect(&self) -> io::Result<Idle> {
        let generation = self.generation();
        let address = self.address();
        let is_proxy = self.own.as_ref().is_some_and(|own| !Arc::ptr_eq(own, address));
        if !is_proxy {
            return address.connect(limits::CONNECT_BUDGET, generation).await;
        }
        match address.connect(limits::PROXY_BUDGET, generation).await {
            Err(error) => {
                self.bypass(&error);
                self.address().connect(limits::CONNECT_BUDGET, generation).await
            }
            connected => connected,
        }
    }

    fn bypass(&self, error: &io::Error) {
        if !self.bypassing.swap(true, Ordering::Relaxed) {
            rescue::from_missing_proxy(self.address.upstream.authority(), error);
        }
    }
}

impl Address {
    fn new(upstream: UpstreamAddress) -> Arc<Self> {
        let host = HeaderValue::from_str(upstream.authority()).ok();
        Arc::new(Self { upstream, host })
    }

    fn name(&self) -> String {
        self.upstream.authority().to_owned()
    }

    /// Puts this host and base path where the runtime wrote the proxy's host and this target.
    fn write_on(&self, request: &mut Request<Content>, target: &Uri) {
        if let (Some(host), true) = (&self.host, request.headers().contains_key(HOST)) {
            request.headers_mut().insert(HOST, host.clone());
        }
        let base = self.upstream.base_path();
        let path = target.path_and_query().map_or("/", PathAndQuery::as_str);
        let based = (!base.is_empty()).then(|| format!("{base}{path}").parse().ok()).flatten();
        *request.uri_mut() = based.unwrap_or_else(|| target.clone());
    }

    /// Connects. A refused connection is tried again: a proxy before Lambda may start after us, and nothing was sent.
    async fn connect(self: &Arc<Self>, budget: Duration, generation: u64) -> io::Result<Idle> {
        let stream = Stream::new(self.stream(budget).await?);
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .max_buf_size(limits::MESSAGE_HEAD)
            .max_header_size(limits::MESSAGE_HEAD)
            .max_headers(limits::HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(async move {
            // What goes wrong on it reaches whoever waits for an answer.
            let _ = connection.await;
        });
        Ok(Idle { sender, address: Arc::clone(self), generation })
    }

    async fn stream(&self, budget: Duration) -> io::Result<TcpStream> {
        let mut pause = Duration::from_millis(2);
        let mut waited = Duration::ZERO;
        loop {
            match TcpStream::connect(self.upstream.authority()).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && waited < budget => {
                    tokio::time::sleep(pause).await;
                    waited += pause;
                    pause = (pause * 2).min(limits::CONNECT_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }
}

impl Upstream {
    pub(crate) fn new(lambda: Arc<Lambda>) -> Self {
        Self { lambda, idle: Mutex::new(None) }
    }

    /// Sends a request as the runtime wrote it, under the upstream's own address, and waits for the head of its answer,
    /// however long that takes.
    ///
    /// An idle connection that turns out to be closed is replaced, and the request sent again, where nothing of it was
    /// sent. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(crate) async fn send(&self, mut request: Request<Content>) -> Result<Response<Incoming>, Unanswered> {
        let target = request.uri().clone();
        if let Some(idle) = self.take_idle() {
            match self.ask(idle, request, &target).await {
                Err(Unanswered::Unsent { request: unsent, .. }) => request = *unsent,
                answered_or_lost => return answered_or_lost,
            }
        }
        match self.lambda.connect().await {
            Ok(connected) => self.ask(connected, request, &target).await,
            Err(cause) => {
                *request.uri_mut() = target;
                let address = self.lambda.address().name();
                Err(Unanswered::Unreachable { address, request: Box::new(request), cause })
            }
        }
    }

    /// The connection ended within an answer.
    pub(crate) fn lost(&self, cause: hyper::Error) -> Unanswered {
        Unanswered::Lost { address: self.lambda.address().name(), cause }
    }

    async fn ask(
        &self,
        mut idle: Idle,
        mut request: Request<Content>,
        target: &Uri,
    ) -> Result<Response<Incoming>, Unanswered> {
        idle.address.write_on(&mut request, target);
        let unsent = |request, cause| Unanswered::Unsent { address: idle.address.name(), request, cause };
        if let Err(cause) = idle.sender.ready().await {
            return Err(unsent(Box::new(request), cause));
        }
        let answer = idle.sender.try_send_request(request).await.map_err(|mut error| match error.take_message() {
            Some(request) => unsent(Box::new(request), error.into_error()),
            None => Unanswered::Lost { address: idle.address.name(), cause: error.into_error() },
        })?;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(idle);
        Ok(answer)
    }

    fn take_idle(&self) -> Option<Idle> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let usable = !idle.sender.is_closed() && idle.generation == self.lambda.generation();
        usable.then_some(idle)
    }
}
