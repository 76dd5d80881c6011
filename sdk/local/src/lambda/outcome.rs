use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::FunctionError;

/// What the caller of an invocation gets.
#[derive(Debug)]
pub enum Outcome {
    /// The answer of the function.
    Answer(Bytes),
    /// An answer that is still being sent.
    Streamed(Streamed),
    /// The function, its runtime or an extension failed.
    Error(FunctionError),
    /// The function's timeout ran out; the body says so as Lambda's does.
    TimedOut(FunctionError),
}

impl Outcome {
    /// The whole body, whatever the outcome; that of a streamed answer once it has ended, as far as it came.
    pub async fn bytes(self) -> Bytes {
        match self {
            Self::Answer(body) => body,
            Self::Streamed(mut streamed) => streamed.collect().await.0,
            Self::Error(error) | Self::TimedOut(error) => error.body,
        }
    }

    /// The failure, where it is one. A streamed answer may still fail later.
    pub fn error(&self) -> Option<&FunctionError> {
        match self {
            Self::Error(error) | Self::TimedOut(error) => Some(error),
            Self::Answer(_) | Self::Streamed(_) => None,
        }
    }
}

/// A streamed answer. It is delivered as it comes and holds the runtime back where the caller reads slowly.
#[derive(Debug)]
pub struct Streamed {
    /// The `Content-Type` of the runtime's post. With `application/vnd.awslambda.http-integration-response` the body
    /// begins with a JSON prelude that eight NUL bytes end.
    pub content_type: Option<String>,
    pub(super) pieces: mpsc::Receiver<Bytes>,
    pub(super) ending: Option<oneshot::Receiver<StreamEnd>>,
    pub(super) end: Option<StreamEnd>,
}

/// How a streamed answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// Whole.
    Complete,
    /// The runtime reported an error in trailers, or Lambda ended the stream with one.
    Error(FunctionError),
    /// The runtime closed the connection before the last chunk.
    Truncated,
}

impl Streamed {
    /// The next bytes, in the pieces in which they came; nothing at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(ending) = &mut self.ending {
            tokio::select! {
                biased;
                piece = self.pieces.recv() => if piece.is_some() { return piece },
                end = ending => self.finish(end.unwrap_or(StreamEnd::Truncated)),
            }
        }
        self.pieces.recv().await
    }

    fn finish(&mut self, end: StreamEnd) {
        self.end = Some(end);
        self.ending = None;
        self.pieces.close();
    }

    /// How it ended, once all of it has been read.
    pub async fn end(&mut self) -> StreamEnd {
        if let Some(ending) = self.ending.take() {
            self.end = Some(ending.await.unwrap_or(StreamEnd::Truncated));
        }
        self.end.clone().unwrap_or(StreamEnd::Truncated)
    }

    /// All that is left of it, and how it ended.
    pub async fn collect(&mut self) -> (Bytes, StreamEnd) {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await {
            body.extend_from_slice(&piece);
        }
        (Bytes::from(body), self.end().await)
    }
}
