use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::Connection;
use crate::port;

/// A listener on loopback with a task for each connection; all of it ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on a port of 127.0.0.1; where `port` is 0, on a [free](port::free) one.
    pub(crate) async fn bind<F, Fut>(port: u16, serve: F) -> io::Result<Self>
    where
        F: Fn(Connection) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = match port {
            0 => port::listener().await?,
            port => TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?,
        };
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, serve));
        Ok(Self { address, accepting })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<F, Fut>(listener: TcpListener, serve: F)
where
    F: Fn(Connection) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors, most likely: others must end before one is free.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                };
                // Small answers must not wait for the peer's acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                number += 1;
                connections.spawn(serve(Connection::new(stream, number)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
