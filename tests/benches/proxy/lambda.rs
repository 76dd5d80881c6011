//! Lambda's Runtime API and Extensions API, as far as a proxy meets them: every event is there at once.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::case::Size;
use crate::experiment::Armed;

/// One for each target, so that each has its own events.
pub(crate) struct Lambda {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    events: AtomicU64,
    answers: AtomicU64,
    errors: AtomicU64,
    bytes: AtomicU64,
}

/// How many events were handed out, and what became of them.
#[derive(Clone, Copy)]
pub(crate) struct Count {
    pub(crate) events: u64,
    /// Answers of the runtime.
    pub(crate) answers: u64,
    /// Errors that the layer made.
    pub(crate) errors: u64,
    /// Bytes of all answers.
    pub(crate) bytes: u64,
}

impl Lambda {
    pub(crate) async fn serve(size: Size, armed: Armed) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::<Seen>::default());
        let events: Arc<[Bytes]> = armed.paths().iter().map(|path| event(path, size.event())).collect();
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&shared), Arc::clone(&events)));
            }
        });
        Ok(Self { address, seen })
    }

    pub(crate) fn count(&self) -> Count {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Seen { events, answers, errors, bytes } = &*self.seen;
        Count { events: read(events), answers: read(answers), errors: read(errors), bytes: read(bytes) }
    }
}

impl Count {
    /// Every event was answered once, and every answer came whole.
    pub(crate) fn check(self, size: Size) -> Result<()> {
        let Self { events, answers, errors, bytes } = self;
        ensure!(events == answers + errors, "{events} events, {answers} answers and {errors} errors");
        let expected = answers * size.answer() as u64;
        ensure!(bytes == expected, "{bytes} bytes of answers, not {expected}");
        Ok(())
    }
}

/// An event of an HTTP API, as long as this.
fn event(path: &str, bytes: usize) -> Bytes {
    let head = format!(
        r#"{{"version":"2.0","routeKey":"$default","rawPath":"{path}","rawQueryString":"a=1","headers":{{"host":"x.lambda-url","accept":"*/*","x-debug":"1"}},"requestContext":{{"http":{{"method":"POST","path":"{path}","protocol":"HTTP/1.1","sourceIp":"127.0.0.1"}},"stage":"prod","domainName":"api.example.com"}},"isBase64Encoded":false,"body":""#
    );
    let tail = "\"}";
    let padding = bytes.saturating_sub(head.len() + tail.len());
    Bytes::from(format!("{head}{}{tail}", "x".repeat(padding)))
}

async fn converse(stream: TcpStream, seen: Arc<Seen>, events: Arc<[Bytes]>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&seen), Arc::clone(&events)));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Seen>,
    events: Arc<[Bytes]>,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/runtime/invocation/next") {
        let number = seen.events.fetch_add(1, Ordering::Relaxed);
        let turn = usize::try_from(number).unwrap_or_default() % events.len();
        return next(number, events[turn].clone());
    }
    if path.ends_with("/extension/event/next") {
        pending::<Infallible>().await;
    }
    if path.ends_with("/extension/register") {
        return registered();
    }
    let bytes = read(request.into_body()).await;
    if path.ends_with("/response") {
        seen.answers.fetch_add(1, Ordering::Relaxed);
        seen.bytes.fetch_add(bytes, Ordering::Relaxed);
    } else {
        seen.errors.fetch_add(1, Ordering::Relaxed);
    }
    Response::builder().status(202).header("content-type", "application/json").body(r#"{"status":"OK"}"#.into())
}

/// Reads a body to its end, keeps nothing, and counts.
async fn read(mut body: Incoming) -> u64 {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    bytes
}

fn next(number: u64, event: Bytes) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
    Response::builder()
        .header("Lambda-Runtime-Aws-Request-Id", format!("8476a536-e9f4-11e8-9739-{number:012x}"))
        .header("Lambda-Runtime-Deadline-Ms", (now() + Duration::from_secs(30)).as_millis().to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:checkout")
        .header("Lambda-Runtime-Trace-Id", trace)
        .header("Content-Type", "application/json")
        .body(event.into())
}

fn registered() -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let function =
        r#"{"functionName":"checkout","functionVersion":"$LATEST","handler":"app.handler","accountId":"123456789012"}"#;
    let builder = Response::builder().header("Lambda-Extension-Identifier", "d4a3a5a0-0000-4000-8000-000000000001");
    builder.header("content-type", "application/json").body(function.into())
}

#[expect(clippy::disallowed_methods, reason = "deadlines are real instants")]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
