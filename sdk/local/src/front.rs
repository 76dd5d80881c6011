//! The HTTP front of a function, as a Lambda function URL is: HTTP/1.1 in, a payload 2.0 event to the function, its
//! answer as HTTP out. A streamed answer is passed on as it comes (`RESPONSE_STREAM`), any other whole. `POST /local/invoke` takes
//! a raw event instead.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html> has both formats.

mod answer;
mod event;
mod invoke;
mod prelude;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::clock;
use crate::function::Function;
use crate::lambda::{Event, Outcome, StreamEnd, Streamed};
use crate::wire::{Body, Connection, Head, Reply, Server, WireError};
use event::Caller;
use prelude::Prelude;

/// The largest request of a function URL: 6 MB.
const MAX_REQUEST: usize = 6 * 1024 * 1024;

/// A function URL on loopback, until dropped.
pub struct Front {
    server: Server,
}

impl Front {
    /// Serves a function on a free port.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn serve(function: Arc<Function>) -> io::Result<Self> {
        Self::bind(function, 0).await
    }

    /// Serves a function on this port.
    ///
    /// # Errors
    /// Where the port cannot be bound.
    pub async fn bind(function: Arc<Function>, port: u16) -> io::Result<Self> {
        let id = event::url_id(function.name(), function.region());
        let url: Arc<str> = format!("{id}.lambda-url.{}.on.aws", function.region()).into();
        let serve = move |connection| serve(Arc::clone(&function), Arc::clone(&url), connection);
        Ok(Self { server: Server::bind(port, serve).await? })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

async fn serve(function: Arc<Function>, domain: Arc<str>, mut connection: Connection) {
    while let Ok(Some(head)) = connection.head().await {
        let keeps_alive = head.keeps_alive();
        let body = match read(&mut connection, &head).await {
            Ok(Some(body)) => body,
            Ok(None) => {
                let _ = connection.reply(&answer::too_large()).await;
                return connection.linger().await;
            }
            Err(_) => return,
        };
        let sent = match invoke::is_meant(&head) {
            true => connection.reply(&invoke::reply(&function, body).await).await,
            false => request(&function, &domain, &mut connection, &head, &body).await,
        };
        if sent.is_err() || !keeps_alive {
            return;
        }
    }
}

/// An HTTP request as an event, and what the function answers as HTTP.
async fn request(
    function: &Function,
    domain: &str,
    connection: &mut Connection,
    head: &Head,
    body: &Bytes,
) -> Result<(), WireError> {
    let (now, request_id) = (clock::now(), clock::uuid());
    let trace_id = event::trace_id(head, now);
    let address = connection.peer();
    let caller = Caller { address, domain, now, request_id: &request_id, trace_id: &trace_id };
    let event = Event::from(event::payload(head, body, &caller));
    let event = Event { request_id: Some(request_id.clone()), trace_id: Some(trace_id), ..event };
    let is_head = head.method == "HEAD";
    let invoked = function.invoke(event).await;
    match invoked.outcome {
        Outcome::Answer(answer) => send(connection, answer::reply(&answer, &request_id), is_head).await,
        Outcome::Streamed(streamed) => stream(connection, streamed, &request_id, is_head).await,
        Outcome::Error(_) | Outcome::TimedOut(_) => send(connection, answer::failed(&request_id), is_head).await,
    }
}

/// The whole body; nothing where it is larger than a function URL takes.
async fn read(connection: &mut Connection, head: &Head) -> Result<Option<Bytes>, WireError> {
    let mut body = Body::of(head)?;
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next(connection).await? {
        whole.extend_from_slice(&piece.data);
        if whole.len() > MAX_REQUEST {
            return Ok(None);
        }
    }
    Ok(Some(whole.freeze()))
}

async fn send(connection: &mut Connection, reply: Reply, is_head: bool) -> Result<(), WireError> {
    if is_head {
        return connection.write(&reply.head(&format!("Content-Length: {}", reply.body.len()))).await;
    }
    connection.reply(&reply).await
}

/// Passes a streamed answer on, chunk by chunk. One that breaks off breaks off here too.
async fn stream(
    connection: &mut Connection,
    mut streamed: Streamed,
    request_id: &str,
    is_head: bool,
) -> Result<(), WireError> {
    let mut prelude = Prelude::of(streamed.content_type.as_deref());
    while !prelude.is_complete() {
        match streamed.next().await {
            Some(piece) => prelude.add(&piece),
            None => return send(connection, answer::failed(request_id), is_head).await,
        }
    }
    let Some((reply, rest)) = prelude.reply(request_id) else {
        return send(connection, answer::failed(request_id), is_head).await;
    };
    connection.write(&reply.head("Transfer-Encoding: chunked")).await?;
    if is_head {
        return Ok(());
    }
    chunk(connection, &rest).await?;
    while let Some(piece) = streamed.next().await {
        chunk(connection, &piece).await?;
    }
    match streamed.end().await {
        StreamEnd::Complete => connection.write(b"0\r\n\r\n").await,
        StreamEnd::Error(_) | StreamEnd::Truncated => Err(WireError::Truncated),
    }
}

async fn chunk(connection: &mut Connection, data: &[u8]) -> Result<(), WireError> {
    if data.is_empty() {
        // An empty chunk would end the body.
        return Ok(());
    }
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    connection.write(&bytes).await
}
