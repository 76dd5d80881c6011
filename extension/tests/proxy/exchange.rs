//! A scripted Lambda, and a proxy of ours before it.

use std::net::SocketAddr;
use std::time::Duration;

use misrule_extension::proxy::{self, Proxy};
use misrule_extension::settings::UpstreamAddress;
use misrule_local::port;
use tokio::net::{TcpListener, TcpStream};

use super::message::Reader;

/// A test that waits longer for anything has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("nothing came of: {what}"))
}

/// A Lambda whose every byte the test writes, on a port of its own: what stood before another may still ask that one's.
pub(crate) struct Lambda {
    listener: TcpListener,
}

impl Lambda {
    pub(crate) async fn new() -> Self {
        Self { listener: port::listener().await.unwrap() }
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
