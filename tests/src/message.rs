//! HTTP/1.1 messages as their bytes say, in a form in which two ways of sending the same thing are equal: headers are a
//! multiset with their case, `Host` is left out, the pieces of a chunked body are joined.

use std::fmt;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;

/// One message, or as much of it as came.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The request line, or the status line.
    pub start: String,
    /// `Name: value`, sorted, each byte of a value one character.
    pub headers: Vec<String>,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
    /// Like `headers`, with names in lower case: hyper keeps no case of a trailer's name.
    pub trailers: Vec<String>,
    /// How it ended.
    pub end: End,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum End {
    /// It is all there.
    Complete,
    /// The connection closed first.
    Truncated,
    /// The connection closed before a byte of it.
    #[default]
    Nothing,
}

impl Message {
    /// The value of the first header of this name, whose case does not count.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&String| line.split_once(": ").is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.headers.iter().find(named)?.split_once(": ").map(|(_, value)| value)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |line: &String| line.chars().take(200).collect::<String>();
        let headers: Vec<_> = self.headers.iter().take(12).map(shown).collect();
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(120)]).into_owned();
        let trailers: Vec<_> = self.trailers.iter().map(shown).collect();
        write!(
            formatter,
            "{:?} {} {headers:#?} ({} in all) body of {}: {body:?} {trailers:?}",
            self.end,
            self.start,
            self.headers.len(),
            self.body.len()
        )
    }
}

/// Reads messages off a stream, keeping what belongs to the next.
pub struct Reader<S = TcpStream> {
    /// The stream, for writing.
    pub stream: S,
    read: Vec<u8>,
}

impl Reader {
    /// Reads from a connection, on which what is written is sent at once.
    pub fn new(stream: TcpStream) -> Self {
        // Where it fails the connection is broken, as the first read tells.
        let _ = stream.set_nodelay(true);
        Self::over(stream)
    }
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads from any stream, such as the bytes of a message.
    pub fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// Reads more; false where the stream ended or broke.
    async fn more(&mut self) -> bool {
        self.read.reserve(64 * 1024);
        matches!(self.stream.read_buf(&mut self.read).await, Ok(count) if count > 0)
    }

    /// Waits until so many bytes lie there; false where the stream ended before.
    pub async fn holds(&mut self, count: usize) -> bool {
        while self.read.len() < count {
            if !self.more().await {
                return false;
            }
        }
        true
    }

    /// Waits until these bytes lie somewhere in what was not yet taken; false where the stream ended before.
    pub async fn until(&mut self, wanted: &[u8]) -> bool {
        while !self.holds_already(wanted) {
            if !self.more().await {
                return false;
            }
        }
        true
    }

    /// Whether these bytes lie somewhere in what was read and not yet taken.
    pub fn holds_already(&self, wanted: &[u8]) -> bool {
        self.read.windows(wanted.len()).any(|window| window == wanted)
    }

    /// Whether what comes next begins with these bytes. They stay where they are.
    pub async fn begins_with(&mut self, wanted: &[u8]) -> bool {
        while self.read.len() < wanted.len() && wanted.starts_with(&self.read) {
            if !self.more().await {
                return false;
            }
        }
        self.read.starts_with(wanted)
    }

    /// Whether the other end closes without another byte.
    pub async fn closes(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    /// Takes what still comes and throws it away.
    pub async fn drain(&mut self) {
        while self.more().await {
            self.read.clear();
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line = self.read.drain(..end + 2).take(end).map(char::from).collect();
                return Some(line);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Exactly this many bytes into `body`, or what there is.
    async fn bytes(&mut self, count: usize, body: &mut Vec<u8>) -> bool {
        if !self.holds(count).await {
            body.append(&mut self.read);
            return false;
        }
        body.extend(self.read.drain(..count));
        true
    }

    /// The next message.
    pub async fn message(&mut self) -> Message {
        self.message_with(true).await
    }

    /// The next message, or only its head: an answer to HEAD, and one with status 1xx, 204 or 304, has no body whatever
    /// its headers say.
    pub async fn message_with(&mut self, body: bool) -> Message {
        let mut message = Message::default();
        let Some(start) = self.line().await else { return message };
        message.start = start;
        message.end = if self.rest(&mut message, body).await.is_some() { End::Complete } else { End::Truncated };
        message.headers.retain(|header| !header.to_ascii_lowercase().starts_with("host:"));
        message.headers.sort();
        message
    }

    async fn rest(&mut self, message: &mut Message, body: bool) -> Option<()> {
        self.fields(&mut message.headers).await?;
        if !body {
            return Some(());
        }
        if message.header("transfer-encoding").is_some() {
            return self.chunks(message).await;
        }
        if let Some(length) = message.header("content-length") {
            let length = length.parse().ok()?;
            return self.bytes(length, &mut message.body).await.then_some(());
        }
        if message.start.starts_with("HTTP/") {
            while self.more().await {}
            message.body.append(&mut self.read);
        }
        Some(())
    }

    async fn fields(&mut self, fields: &mut Vec<String>) -> Option<()> {
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Some(());
            }
            fields.push(line);
        }
    }

    async fn chunks(&mut self, message: &mut Message) -> Option<()> {
        while self.chunk(&mut message.body).await? > 0 {}
        self.trailers(message).await
    }

    /// The next chunk of a body, added to `body`, or as much of it as came; 0 is the last one's size. Nothing where the
    /// stream ended before.
    pub async fn chunk(&mut self, body: &mut Vec<u8>) -> Option<usize> {
        let size = usize::from_str_radix(self.line().await?.split(';').next()?, 16).ok()?;
        if size == 0 {
            return Some(0);
        }
        self.bytes(size, body).await.then_some(())?;
        self.line().await?;
        Some(size)
    }

    async fn trailers(&mut self, message: &mut Message) -> Option<()> {
        let read = self.fields(&mut message.trailers).await;
        for trailer in &mut message.trailers {
            let (name, value) = trailer.split_once(':')?;
            *trailer = format!("{}:{value}", name.to_ascii_lowercase());
        }
        message.trailers.sort();
        read
    }
}
