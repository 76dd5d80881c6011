//! HTTP/1.1 as it stands on the wire: header case and order, chunk boundaries, trailers and truncation are kept.
//!
//! A server for tests and for local use, not for the internet: it has no timeouts of its own, because Lambda's
//! Runtime API has none.

mod body;
mod connection;
mod head;
mod reply;
mod server;

pub(crate) use body::{Body, Piece};
pub(crate) use connection::Connection;
pub use head::{Head, Header};
pub(crate) use reply::Reply;
pub(crate) use server::Server;

/// Why a request could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The peer closed in the middle.
    #[error("the request ended before it was complete")]
    Truncated,
    /// What came is not HTTP/1.1.
    #[error("the request is not HTTP/1.1: {0}")]
    Malformed(&'static str),
    /// The socket failed.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
}
