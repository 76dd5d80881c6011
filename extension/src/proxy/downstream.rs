//! The runtime's side of a connection: its stream, and the watch that tells when the runtime is gone.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::server::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::limits;
use super::stream::Stream;

/// A runtime's stream, which hyper reads and writes while a [`Watch`] looks whether its other end is still there.
pub(crate) struct Downstream(Arc<Mutex<Stream>>);

/// Looks at a runtime's stream without taking anything from it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<Stream>>);

/// How runtimes are spoken to. A runtime may close its half once it has sent something; whether one that only waits is still
/// there is the watch's business. Nothing is added to an answer, and nothing times out: a `/next` waits for hours.
pub(crate) fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .half_close(true)
        .preserve_header_case(true)
        .auto_date_header(false)
        .header_read_timeout(None)
        .max_buf_size(limits::MESSAGE_HEAD)
        .max_header_size(limits::MESSAGE_HEAD)
        .max_headers(limits::HEADERS);
    protocol
}

impl Downstream {
    /// The stream of an accepted connection.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(Stream::new(stream))))
    }

    /// A watch over this stream.
    pub(crate) fn watch(&self) -> Watch {
        Watch(self.0.clone())
    }
}

impl Watch {
    /// Completes when the runtime has closed its end. Only for a request without a body, whose connection brings nothing
    /// before the answer; where the next request is already there, what comes behind it cannot be seen.
    pub(crate) async fn gone(&self) {
        poll_fn(|cx| self.poll_gone(cx)).await;
    }

    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut byte = [0];
        match lock(&self.0).connection().poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for Downstream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_shutdown(cx)
    }
}
