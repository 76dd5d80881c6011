//! A body that is sent in pieces, without a length.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

/// What a runtime writes of a stream at once.
const PIECE: usize = 64 * 1024;

/// So many bytes more.
pub(crate) struct Stream {
    left: usize,
    piece: Bytes,
}

impl Stream {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: bytes, piece: Bytes::from(vec![b'y'; PIECE]) }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.piece.slice(..self.left.min(PIECE));
        self.left -= piece.len();
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }
}
