//! One exchange between a scripted runtime and a scripted Lambda, direct or through the proxy.

use std::net::SocketAddr;
use std::time::Duration;

use misrule_extension::proxy::{self, Proxy};
use misrule_extension::settings::UpstreamAddress;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::message::{Message, Reader};

/// A test that waits longer for anything has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("nothing came of: {what}"))
}

/// What a side does when it has written its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Waits for the other side.
    Stays,
    /// Closes its connection.
    Closes,
}

/// What runtime and Lambda write.
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) runtime: Then,
    pub(crate) answer: Vec<u8>,
    pub(crate) lambda: Then,
    /// Lambda answers at the request's head, without reading its body.
    pub(crate) early: bool,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) lambda_saw: Message,
    pub(crate) runtime_saw: Message,
}

/// A Lambda whose every byte the test writes.
pub(crate) struct Lambda {
    listener: TcpListener,
}

impl Lambda {
    pub(crate) async fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(crate) async fn accept(&self) -> Reader {
        let accepted = soon("a connection to Lambda", self.listener.accept()).await;
        Reader::new(accepted.unwrap().0)
    }

    /// Whether no further connection stands in the queue.
    pub(crate) async fn is_alone(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.listener.accept()).await.is_err()
    }
}

/// A proxy before this upstream, injecting nothing; the address it listens on.
pub(crate) async fn proxy_before(upstream: &str) -> SocketAddr {
    serve(Proxy::new(proxy::Lambda::new(UpstreamAddress::parse(upstream).unwrap()), false)).await
}

/// A proxy before another one, with Lambda behind that.
pub(crate) async fn proxy_before_another(another: &str, lambda: &Lambda) -> SocketAddr {
    let [another, lambda] = [another.to_owned(), lambda.address().to_string()];
    let [another, lambda] = [another, lambda].map(|address| UpstreamAddress::parse(&address).unwrap());
    serve(Proxy::new(proxy::Lambda::behind(another, lambda), false)).await
}

/// Serves this proxy; the address it listens on.
pub(crate) async fn serve(proxy: std::sync::Arc<Proxy>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(proxy.serve(listener));
    address
}

pub(crate) async fn connect(address: SocketAddr) -> Reader {
    Reader::new(TcpStream::connect(address).await.unwrap())
}

impl Exchange {
    pub(crate) async fn direct(&self) -> Outcome {
        let lambda = Lambda::new().await;
        self.between(lambda.address(), &lambda).await
    }

    pub(crate) async fn proxied(&self) -> Outcome {
        let lambda = Lambda::new().await;
        let proxy = proxy_before(&lambda.address().to_string()).await;
        self.between(proxy, &lambda).await
    }

    /// Two proxies of ours in a row, as chained layers are.
    pub(crate) async fn chained(&self) -> Outcome {
        let lambda = Lambda::new().await;
        let inner = proxy_before(&lambda.address().to_string()).await;
        let outer = proxy_before(&inner.to_string()).await;
        self.between(outer, &lambda).await
    }

    async fn between(&self, address: SocketAddr, lambda: &Lambda) -> Outcome {
        let (lambda_saw, runtime_saw) = tokio::join!(self.lambda(lambda), self.runtime(address));
        Outcome { lambda_saw, runtime_saw }
    }

    async fn runtime(&self, address: SocketAddr) -> Message {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        if self.runtime == Then::Closes {
            let mut stream = stream;
            stream.write_all(&self.request).await.unwrap();
            return Message::default();
        }
        let (reading, mut writing) = stream.into_split();
        let request = self.request.clone();
        // An answer may come while the request is still being written.
        let write = tokio::spawn(async move {
            let _ = writing.write_all(&request).await;
            writing
        });
        // Both halves make one stream again once the request is written or refused.
        let writing = soon("the request written", write).await.unwrap();
        let mut reader = Reader::new(reading.reunite(writing).unwrap());
        soon("an answer", reader.message_with(!self.request.starts_with(b"HEAD"))).await
    }

    async fn lambda(&self, lambda: &Lambda) -> Message {
        let mut connection = lambda.accept().await;
        let seen = soon("a request", connection.message_with(!self.early)).await;
        if self.runtime == Then::Stays {
            let _ = connection.stream.write_all(&self.answer).await;
        }
        if self.lambda == Then::Stays && !self.early {
            // Held until the runtime is done, as Lambda holds its connections.
            tokio::spawn(async move { connection.closes().await });
        } else if self.early {
            // A server that refuses a body still takes it, or the refusal may be lost.
            tokio::spawn(async move { connection.drain().await });
        }
        seen
    }
}
