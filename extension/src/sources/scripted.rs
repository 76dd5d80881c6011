//! A server for the tests of sources: it answers by script, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Answers, and hangs up.
    Says(String),
    /// Answers, and waits for the next request on the same connection.
    Stays(String),
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

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Server {
    pub(super) async fn with(script: Vec<Reply>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    pub(super) fn on(listener: TcpListener, script: Vec<Reply>) -> Self {
        Self::listening(listener, None, script)
    }

    pub(super) async fn with_tls(acceptor: TlsAcceptor, script: Vec<Reply>) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").await.unwrap(), Some(acceptor), script)
    }

    fn listening(listener: TcpListener, tls: Option<TlsAcceptor>, script: Vec<Reply>) -> Self {
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            let (mut held, mut open) = (Vec::new(), None);
            for reply in script {
                let mut stream = match open.take() {
                    Some(stream) => stream,
                    None => accept(&listener, tls.as_ref()).await,
                };
                // A client that is done with its connection asks on another.
                let head = match request(&mut stream).await {
                    Some(head) => head,
                    None => {
                        stream = accept(&listener, tls.as_ref()).await;
                        request(&mut stream).await.unwrap()
                    }
                };
                kept.lock().unwrap().push(head);
                match reply {
                    Reply::Says(answer) => say(&mut stream, &answer).await,
                    Reply::Stays(answer) => {
                        say(&mut stream, &answer).await;
                        open = Some(stream);
                    }
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

    /// Each request's method, path and query since the last look.
    pub(super) fn asked(&self) -> Vec<String> {
        let heads = self.heads();
        heads.iter().map(|head| head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }

    /// Each request's head since the last look.
    pub(super) fn heads(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// The next connection. One whose client does not trust us is none.
async fn accept(listener: &TcpListener, tls: Option<&TlsAcceptor>) -> Box<dyn Stream> {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        match tls {
            None => return Box::new(stream),
            Some(acceptor) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    return Box::new(stream);
                }
            }
        }
    }
}

async fn say(stream: &mut Box<dyn Stream>, answer: &str) {
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// The request's head; its body is read and left. None where the connection ends instead.
async fn request(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut bytes = Vec::new();
    let head = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    while bytes.len() < head + length.unwrap_or(0) {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    Some(text)
}
