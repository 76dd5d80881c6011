//! A server for the tests of sources: it answers by script, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Answers.
    Says(String),
    /// Hangs up in the middle.
    HangsUp,
    /// Never answers.
    Silent,
}

/// An answer that ends its connection.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} Scripted\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Answers each connection by the next line of its script, and no more once that is over.
pub(super) struct Server {
    asked: Arc<Mutex<Vec<String>>>,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) async fn with(script: Vec<Reply>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    pub(super) fn on(listener: TcpListener, script: Vec<Reply>) -> Self {
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut held = Vec::new();
            for reply in script {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = request(&mut stream).await;
                kept.lock().unwrap().push(request);
                match reply {
                    Reply::Says(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    Reply::HangsUp => {}
                    Reply::Silent => held.push(stream),
                }
            }
            std::future::pending::<()>().await;
        });
        Self { asked, address }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// The request's method, path and query; its body is read and left.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let head = loop {
        stream.read_buf(&mut bytes).await.unwrap();
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    while bytes.len() < head + length.unwrap_or(0) {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    text.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned()
}
