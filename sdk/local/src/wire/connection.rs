use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Head, Reply, WireError};

/// Room for a head: an X-Ray cause header may have up to 1 MiB, and others stand beside it.
const MAX_HEAD: usize = 2 * 1024 * 1024;
/// What is read and thrown away of a body that nobody wants, before the connection is closed instead.
const MAX_DISCARD: usize = 64 * 1024 * 1024;

/// One accepted connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
    awaits_continue: bool,
    /// Counts the connections of one server, from 1.
    pub(crate) number: u64,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, number: u64) -> Self {
        Self { stream, buffer: BytesMut::new(), awaits_continue: false, number }
    }

    pub(crate) fn peer(&self) -> Option<std::net::SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// The head of the next request; nothing where the peer closed between requests.
    pub(crate) async fn head(&mut self) -> Result<Option<Head>, WireError> {
        let mut searched = 0;
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n", searched) {
                let head = Head::parse(self.buffer.split_to(end + 4).freeze())?;
                self.awaits_continue = head.says("expect", "100-continue");
                return Ok(Some(head));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(WireError::Malformed("its head is larger than 2 MiB"));
            }
            searched = self.buffer.len().saturating_sub(3);
            if self.fill().await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(WireError::Truncated) };
            }
        }
    }

    /// The next line of a body, without its end.
    pub(super) async fn line(&mut self) -> Result<Bytes, WireError> {
        let mut searched = 0;
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n", searched) {
                let mut line = self.buffer.split_to(end + 2);
                line.truncate(end);
                return Ok(line.freeze());
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(WireError::Malformed("a line in its body is larger than 2 MiB"));
            }
            searched = self.buffer.len().saturating_sub(1);
            self.expect_more().await?;
        }
    }

    /// At least one byte of a body, at most `most`.
    pub(super) async fn some(&mut self, most: u64) -> Result<Bytes, WireError> {
        if self.buffer.is_empty() {
            self.expect_more().await?;
        }
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.buffer.len());
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn expect_more(&mut self) -> Result<(), WireError> {
        if std::mem::take(&mut self.awaits_continue) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if self.fill().await? == 0 { Err(WireError::Truncated) } else { Ok(()) }
    }

    async fn fill(&mut self) -> Result<usize, WireError> {
        self.buffer.reserve(64 * 1024);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(read) => Ok(read),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the peer has closed. What it sends meanwhile is kept for the next request.
    pub(crate) async fn closed(&mut self) {
        while self.buffer.len() < MAX_HEAD {
            if matches!(self.fill().await, Ok(0) | Err(_)) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        Ok(self.stream.write_all(bytes).await?)
    }

    pub(crate) async fn reply(&mut self, reply: &Reply) -> Result<(), WireError> {
        self.write(&reply.bytes()).await
    }

    /// Closes without cutting off what was written: the peer may still be sending, and unread bytes would make the
    /// system reset the connection before the peer has read the answer.
    pub(crate) async fn linger(mut self) {
        let mut discarded = self.buffer.len();
        self.buffer.clear();
        if self.stream.shutdown().await.is_err() {
            return;
        }
        while discarded < MAX_DISCARD {
            match self.fill().await {
                Ok(0) | Err(_) => return,
                Ok(read) => discarded += read,
            }
            self.buffer.clear();
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(pattern.len()).position(|window| window == pattern).map(|found| found + from)
}
