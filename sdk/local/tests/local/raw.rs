//! An HTTP client that sends exactly what it is given.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A header that must be there.
    pub(crate) fn expect(&self, name: &str) -> String {
        self.header(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        // Each piece that is sent is a segment of its own, at once.
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Says that no more will be sent.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    pub(crate) async fn request(&mut self, method: &str, target: &str, headers: &str, body: &str) -> Response {
        let length = body.len();
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}"))
            .await;
        self.response().await
    }

    pub(crate) async fn get(&mut self, target: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        self.response().await
    }

    /// The next answer; it must have a Content-Length.
    pub(crate) async fn response(&mut self) -> Response {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.fill().await > 0, "closed before an answer: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let split =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        let mut response = Response { status, headers: lines.map(split).collect(), body: String::new() };
        if status == 100 {
            return response;
        }
        let length: usize = response.expect("Content-Length").parse().unwrap();
        while self.buffer.len() < length {
            assert!(self.fill().await > 0, "closed within an answer");
        }
        response.body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        response
    }

    /// All that comes until the peer closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.fill().await > 0 {}
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    async fn fill(&mut self) -> usize {
        self.stream.read_buf(&mut self.buffer).await.unwrap_or(0)
    }
}
