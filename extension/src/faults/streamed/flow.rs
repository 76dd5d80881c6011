//! What a stream's faults work on.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

/// What comes next of a stream.
#[derive(Debug)]
pub enum Turn<E> {
    /// Bytes, or trailers.
    Frame(Frame<Bytes>),
    /// The handler's side broke off.
    Broken(E),
    /// A fault cut it: no clean end follows.
    Cut,
    /// It is over.
    End,
}

/// What the handler sent and what it still sends. It outlives the faults: where they end, it goes on.
pub(super) struct Flow<B: Body> {
    body: B,
    /// What came last and has not passed.
    came: Option<Turn<B::Error>>,
}

impl<B: Body<Data = Bytes> + Unpin> Flow<B> {
    /// Of this body, of which nothing came yet.
    pub(super) fn of(body: B) -> Self {
        Self { body, came: None }
    }

    /// Waits for what comes next, and gives how many bytes of data that are; none at trailers and at the end.
    pub(super) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        loop {
            let came = match self.came.take() {
                Some(came) => came,
                None => match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    Some(Ok(frame)) => Turn::Frame(frame),
                    Some(Err(broken)) => Turn::Broken(broken),
                    None => Turn::End,
                },
            };
            let waiting = self.came.insert(came).data().map(|data| data.len());
            if waiting != Some(0) {
                return Poll::Ready(waiting);
            }
            self.came = None;
        }
    }

    /// As many bytes of data as there are, and at most so many.
    pub(super) fn take(&mut self, most: usize) -> Bytes {
        self.came.as_mut().and_then(Turn::data).map(|data| data.split_to(most.min(data.len()))).unwrap_or_default()
    }

    /// What came next, without any faults.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn<B::Error>> {
        ready!(self.poll_waiting(cx));
        Poll::Ready(self.came.take().unwrap_or(Turn::End))
    }
}

impl<E> Turn<E> {
    fn data(&mut self) -> Option<&mut Bytes> {
        match self {
            Self::Frame(frame) => frame.data_mut(),
            Self::Broken(_) | Self::Cut | Self::End => None,
        }
    }
}
