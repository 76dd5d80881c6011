//! A message's body on its way through: streamed as it comes, or replayed where it was read ahead.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::limits;
use crate::faults::streamed::{Turn, Walked};
use crate::panics;

/// The header, and the trailer of a stream, that say that the handler failed.
pub(crate) const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// A body: frames that were read ahead, then what still comes, then perhaps the failure that ended it.
///
/// A failure travels on, so that a truncated body stays truncated on the other side.
#[derive(Default)]
pub(crate) struct Content {
    ahead: VecDeque<Frame<Bytes>>,
    rest: Option<Rest>,
    failure: Option<Failure>,
    leftover: Leftover,
    ending: Option<Ending>,
}

/// Tells, once a handler's answer has passed, whether the handler failed: it said so, or its stream ended with an error or
/// broke off.
pub(crate) struct Ending {
    failed: bool,
    tell: Option<Box<dyn FnOnce(bool) + Send + Sync>>,
}

/// What still comes of a body.
enum Rest {
    /// From the other side, as it comes.
    Peer(Incoming),
    /// What faults make of it.
    Walked(Walked<Content>),
}

/// What ended a body early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Who sends it.
    #[error(transparent)]
    Peer(#[from] hyper::Error),
    /// A fault of ours.
    #[error("a fault ended the body")]
    Cut,
}

/// What a body came to where it was to be read whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// It is all there.
    Whole(Bytes),
    /// It broke off, or is longer than it says.
    Broken,
    /// It is longer than it may be.
    TooLarge,
}

/// What ended a body early. It waits for one turn before it is told: hyper writes out what came before it only when the
/// body has nothing more to give.
enum Failure {
    Untold(Broken),
    Due(Broken),
}

/// What becomes of a body that nobody read to its end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Leftover {
    /// It is dropped, which closes its connection.
    #[default]
    Dropped,
    /// It is read and thrown away, so that a peer that still writes can read the answer it already has.
    Drained,
}

impl Content {
    /// What a runtime sends.
    pub(crate) fn from_runtime(body: Incoming) -> Self {
        Self::new(VecDeque::new(), Some(Rest::Peer(body)), Leftover::Drained)
    }

    /// What Lambda sends.
    pub(crate) fn from_lambda(body: Incoming) -> Self {
        Self::new(VecDeque::new(), Some(Rest::Peer(body)), Leftover::Dropped)
    }

    /// A body that is all there.
    pub(crate) fn whole(body: Bytes) -> Self {
        let ahead = if body.is_empty() { VecDeque::new() } else { VecDeque::from([Frame::data(body)]) };
        Self::new(ahead, None, Leftover::Dropped)
    }

    /// A body that breaks off before its first byte, once the head of its message is on its way. The length in that head
    /// has to promise more, so that the connection closes.
    pub(crate) fn broken_off() -> Self {
        let mut content = Self::default();
        content.failure = Some(Failure::Untold(Broken::Cut));
        content
    }

    const fn new(ahead: VecDeque<Frame<Bytes>>, rest: Option<Rest>, leftover: Leftover) -> Self {
        Self { ahead, rest, failure: None, leftover, ending: None }
    }

    /// From here on somebody wants to know how it ends.
    pub(crate) fn end_with(&mut self, ending: Ending) {
        self.ending = Some(ending);
    }

    /// The same with these faults on its way.
    pub(crate) fn walked(self, walk: impl FnOnce(Self) -> Walked<Self>) -> Self {
        Self::new(VecDeque::new(), Some(Rest::Walked(walk(self))), Leftover::Dropped)
    }

    /// Reads the body to its end and gives its bytes, which stay in the body too. One copy where it came in pieces, none
    /// where it came in one. None where it broke off, or where it is longer than it says.
    pub(crate) async fn collect(&mut self) -> Option<Bytes> {
        match self.collect_within(usize::MAX).await {
            Collected::Whole(whole) => Some(whole),
            Collected::Broken | Collected::TooLarge => None,
        }
    }

    /// The same of a body that may have so many bytes. Of a larger one what was read stays in the body.
    pub(crate) async fn collect_within(&mut self, limit: usize) -> Collected {
        let expected = usize::try_from(self.size_hint().lower()).unwrap_or(usize::MAX);
        if expected > limit {
            return Collected::TooLarge;
        }
        let mut reading = Reading { whole: Whole::new(expected.min(limits::EVENT)), content: self };
        reading.move_ahead();
        while reading.whole.len() <= limit && reading.content.read_frame().await.is_some() {
            reading.move_ahead();
        }
        drop(reading);
        let whole = self.ahead.front().and_then(Frame::data_ref).cloned().unwrap_or_default();
        match self.failure {
            _ if whole.len() > limit => Collected::TooLarge,
            Some(_) => Collected::Broken,
            None => Collected::Whole(whole),
        }
    }

    /// Puts these bytes in the place of those that were read. Trailers stay.
    pub(crate) fn replace(&mut self, whole: Bytes) {
        self.ahead.retain(Frame::is_trailers);
        if !whole.is_empty() {
            self.ahead.push_front(Frame::data(whole));
        }
    }

    /// Whether the trailers that were read say that the handler failed.
    pub(crate) fn ends_in_error(&self) -> bool {
        self.ahead.iter().any(says_error)
    }

    /// Reads one more frame ahead and gives its data, empty for trailers; none at the end and where the body broke off.
    pub(crate) async fn read_frame(&mut self) -> Option<Bytes> {
        let rest = self.rest.as_mut()?;
        match poll_fn(|cx| rest.poll_frame(cx)).await {
            Some(Ok(frame)) => {
                let data = frame.data_ref().cloned().unwrap_or_default();
                self.ahead.push_back(frame);
                return Some(data);
            }
            Some(Err(error)) => self.failure = Some(Failure::Untold(error)),
            None => {}
        }
        self.rest = None;
        None
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        if let Some(ending) = self.ending.as_mut().filter(|_| says_error(frame)) {
            ending.failed = true;
        }
    }

    fn tell(&mut self, failure: Failure, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(ending) = &mut self.ending {
            ending.failed = true;
        }
        match failure {
            Failure::Due(error) => Poll::Ready(Some(Err(error))),
            Failure::Untold(error) => {
                self.failure = Some(Failure::Due(error));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl Rest {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self {
            Self::Peer(body) => Pin::new(body).poll_frame(cx).map_err(Broken::Peer),
            Self::Walked(walked) => match ready!(walked.poll_turn(cx)) {
                Turn::Frame(frame) => Poll::Ready(Some(Ok(frame))),
                Turn::Broken(broken) => Poll::Ready(Some(Err(broken))),
                Turn::Cut => Poll::Ready(Some(Err(Broken::Cut))),
                Turn::End => Poll::Ready(None),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Peer(body) => body.is_end_stream(),
            Self::Walked(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Peer(body) => body.size_hint(),
            Self::Walked(_) => SizeHint::default(),
        }
    }
}

fn says_error(frame: &Frame<Bytes>) -> bool {
    frame.trailers_ref().is_some_and(|trailers| trailers.contains_key(ERROR_TYPE))
}

impl Ending {
    pub(crate) fn new(failed: bool, tell: impl FnOnce(bool) + Send + Sync + 'static) -> Self {
        Self { failed, tell: Some(Box::new(tell)) }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            panics::contain(None, || tell(self.failed));
        }
    }
}

/// A body that is being read. Where that ends, in whatever way, what was read is the body's again.
struct Reading<'a> {
    content: &'a mut Content,
    whole: Whole,
}

impl Reading<'_> {
    /// Moves the data that was read ahead; trailers stay.
    fn move_ahead(&mut self) {
        let Self { content, whole } = self;
        content.ahead.retain_mut(|frame| match frame.data_mut() {
            Some(data) => {
                whole.add(std::mem::take(data));
                false
            }
            None => true,
        });
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let whole = std::mem::take(&mut self.whole).finish();
        self.content.replace(whole);
    }
}

/// A body that is put together as it comes: each piece is copied while it is fresh, and its memory used again.
#[derive(Default)]
struct Whole {
    /// The first piece, for as long as it is the only one.
    only: Bytes,
    several: BytesMut,
    expected: usize,
}

impl Whole {
    fn new(expected: usize) -> Self {
        Self { only: Bytes::new(), several: BytesMut::new(), expected }
    }

    fn add(&mut self, piece: Bytes) {
        if self.several.is_empty() {
            if self.only.is_empty() {
                self.only = piece;
                return;
            }
            self.several.reserve(self.expected);
            self.several.extend_from_slice(&std::mem::take(&mut self.only));
        }
        self.several.extend_from_slice(&piece);
    }

    fn len(&self) -> usize {
        self.only.len().max(self.several.len())
    }

    fn finish(self) -> Bytes {
        if self.several.is_empty() { self.only } else { self.several.freeze() }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(frame) = self.ahead.pop_front() {
            self.note(&frame);
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Some(failure) = self.failure.take() {
            return self.tell(failure, cx);
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        match ready!(rest.poll_frame(cx)) {
            Some(Err(failure)) => {
                self.rest = None;
                self.tell(Failure::Untold(failure), cx)
            }
            frame => {
                frame.iter().flatten().for_each(|frame| self.note(frame));
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let nothing_comes = self.rest.as_ref().is_none_or(Rest::is_end_stream);
        self.ahead.is_empty() && self.failure.is_none() && nothing_comes
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.ahead.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        let rest = self.rest.as_ref().map_or(SizeHint::with_exact(0), Rest::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        // A body that broke off has no length that it will keep to.
        if let (Some(upper), None) = (rest.upper(), &self.failure) {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint
    }
}

impl std::fmt::Debug for Content {
    /// Its size as far as it is known: what is in it is nobody's business.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Content").field(&self.size_hint()).finish()
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        // What faults walk along drains what it holds itself.
        let Some(Rest::Peer(rest)) = self.rest.take().filter(|rest| !rest.is_end_stream()) else { return };
        if let (Leftover::Drained, Ok(runtime)) = (self.leftover, tokio::runtime::Handle::try_current()) {
            runtime.spawn(drain(rest));
        }
    }
}

async fn drain(mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_was_read_stays_in_a_body_whose_reading_ends_early() {
        let (ours, mut lambda) = tokio::io::duplex(1024);
        let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        tokio::spawn(connection);
        let (answer, ()) = tokio::join!(sender.send_request(Request::new(Content::default())), async {
            lambda.read_u8().await.unwrap();
            lambda.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await.unwrap();
        });
        let mut content = Content::from_lambda(answer.unwrap().into_body());
        for _ in 0..2 {
            assert!(timeout(Duration::from_millis(20), Content::collect(&mut content)).await.is_err());
            assert_eq!(content.ahead.front().and_then(Frame::data_ref), Some(&Bytes::from("hello")));
        }
        lambda.write_all(b" rest").await.unwrap();
        assert_eq!(Content::collect(&mut content).await, Some(Bytes::from("hello rest")));
    }
}
