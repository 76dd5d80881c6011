//! Requests and answers over one connection, one after the other.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use misrule_engine::limits::DELIVERY_BYTES;
use tokio::io::{AsyncRead, AsyncWrite};

/// A whole answer: its status, its headers, and its body up to just past what a delivery may take.
pub(super) type Answer = Response<Bytes>;

/// A connection that speaks HTTP/1.1, for as long as this lives.
#[derive(Debug)]
pub(super) struct Exchange(SendRequest<Full<Bytes>>);

impl Exchange {
    pub(super) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            // What goes wrong on it reaches whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Self(sender))
    }

    /// Whether another request may be sent: the other side may have closed after its last answer.
    pub(super) async fn is_open(&mut self) -> bool {
        self.0.ready().await.is_ok()
    }

    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> io::Result<Answer> {
        let (parts, body) = self.0.send_request(request).await.map_err(io::Error::other)?.into_parts();
        Ok(Response::from_parts(parts, read(body).await?))
    }
}

/// The body. What is longer than a delivery may be is cut just past the limit: its reader refuses it by that.
async fn read(mut body: Incoming) -> io::Result<Bytes> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        read.extend_from_slice(frame.map_err(io::Error::other)?.data_ref().unwrap_or(&Bytes::new()));
        if read.len() > DELIVERY_BYTES.size() {
            read.truncate(DELIVERY_BYTES.size() + 1);
            break;
        }
    }
    Ok(read.freeze())
}
