//! Bytes there and bytes back. What must be seen is what was written: each side's bytes, read as a message, are what the
//! other side's must be.

use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::{Message, Reader};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::stage::{Stage, soon};

/// What a side does when it has written its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Waits for the other side.
    Stays,
    /// Closes its connection.
    Closes,
}

/// In which TCP segments a runtime writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Segments {
    One,
    /// Head and body, as Python's client does.
    HeadAndBody,
    /// A byte each.
    EachByte,
}

/// What runtime and Lambda write.
pub(crate) struct Exchange {
    request: Vec<u8>,
    runtime: Then,
    answer: Vec<u8>,
    lambda: Then,
    /// Lambda answers at the request's head, without reading its body.
    early: bool,
    segments: Segments,
}

impl Exchange {
    /// A request, and Lambda's answer once it has all of it.
    pub(crate) fn new(request: impl Into<Vec<u8>>, answer: impl Into<Vec<u8>>) -> Self {
        let (request, answer) = (request.into(), answer.into());
        let (runtime, lambda) = (Then::Stays, Then::Stays);
        Self { request, runtime, answer, lambda, early: false, segments: Segments::One }
    }

    /// The runtime goes when it has written this.
    pub(crate) fn cut(request: impl Into<Vec<u8>>) -> Self {
        Self { runtime: Then::Closes, lambda: Then::Closes, ..Self::new(request, "") }
    }

    /// Lambda goes when it has written this.
    pub(crate) fn broken_off(request: impl Into<Vec<u8>>, answer: impl Into<Vec<u8>>) -> Self {
        Self { lambda: Then::Closes, ..Self::new(request, answer) }
    }

    /// Lambda answers at the head.
    pub(crate) fn early(request: impl Into<Vec<u8>>, answer: impl Into<Vec<u8>>) -> Self {
        Self { early: true, ..Self::new(request, answer) }
    }

    /// The runtime writes in such segments.
    pub(crate) fn in_segments(self, segments: Segments) -> Self {
        Self { segments, ..self }
    }

    /// Plays it, and holds what was seen against what was written.
    pub(crate) async fn between(&self, stage: &Stage) -> Result<()> {
        let (lambda_saw, runtime_saw) = tokio::join!(self.lambda(stage), self.runtime(stage));
        let (lambda_saw, runtime_saw) = (lambda_saw?, runtime_saw?);
        let sent = Reader::over(&self.request[..]).message_with(!self.early).await;
        ensure!(lambda_saw == sent, "Lambda saw {lambda_saw:?}\nwhere the runtime sent {sent:?}");
        if self.runtime == Then::Stays {
            let given = Reader::over(&self.answer[..]).message_with(!self.is_head()).await;
            ensure!(runtime_saw == given, "the runtime saw {runtime_saw:?}\nwhere Lambda gave {given:?}");
        }
        Ok(())
    }

    fn is_head(&self) -> bool {
        self.request.starts_with(b"HEAD")
    }

    async fn runtime(&self, stage: &Stage) -> Result<Message> {
        let stream = TcpStream::connect(stage.address()).await?;
        stream.set_nodelay(true)?;
        if self.runtime == Then::Closes {
            let mut stream = stream;
            stream.write_all(&self.request).await?;
            return Ok(Message::default());
        }
        let (reading, writing) = stream.into_split();
        // An answer may come while the request is still being written.
        let written = tokio::spawn(write(writing, self.pieces()));
        let mut reader = Reader::over(reading);
        let seen = soon("an answer", reader.message_with(!self.is_head())).await?;
        written.abort();
        Ok(seen)
    }

    fn pieces(&self) -> Vec<Vec<u8>> {
        match self.segments {
            Segments::One => vec![self.request.clone()],
            Segments::EachByte => self.request.iter().map(|byte| vec![*byte]).collect(),
            Segments::HeadAndBody => {
                let head = self.request.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                vec![self.request[..head].to_vec(), self.request[head..].to_vec()]
            }
        }
    }

    async fn lambda(&self, stage: &Stage) -> Result<Message> {
        let mut connection = stage.lambda.accept().await?;
        let seen = soon("a request", connection.message_with(!self.early)).await?;
        if self.runtime == Then::Stays {
            // A runtime that went has closed its connection: what it then sees is nothing.
            let _ = connection.stream.write_all(&self.answer).await;
        }
        if self.early {
            // A server that refuses a body still takes it, or the refusal may be lost.
            tokio::spawn(async move { connection.drain().await });
        } else if self.lambda == Then::Stays {
            // Held until the runtime is done, as Lambda holds its connections.
            tokio::spawn(async move { connection.closes().await });
        }
        Ok(seen)
    }
}

async fn write(mut writing: tokio::net::tcp::OwnedWriteHalf, pieces: Vec<Vec<u8>>) {
    let several = pieces.len() > 1;
    for piece in pieces {
        if writing.write_all(&piece).await.is_err() {
            return;
        }
        if several {
            // Long enough for the segment to be read before the next one is written.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    // Its half stays open until the answer is there.
    std::future::pending::<()>().await;
}
