//! A wire tap between a runtime and what it believes to be Lambda: it keeps what the runtime receives.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The bytes of one connection, each way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// What the runtime sent.
    pub(crate) up: Vec<u8>,
    /// What it received.
    pub(crate) down: Vec<u8>,
}

type Record = Arc<watch::Sender<Vec<Traffic>>>;

/// Listens until dropped.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    record: Record,
    accepting: JoinHandle<()>,
}

impl Tap {
    /// One before this address.
    pub(crate) async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Record::default();
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&record)));
        Self { address, record, accepting }
    }

    /// Waits until what was heard fits, and says it.
    pub(crate) async fn until(&self, fits: impl FnMut(&Vec<Traffic>) -> bool) -> Vec<Traffic> {
        self.record.subscribe().wait_for(fits).await.unwrap().clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, record: Record) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (runtime, _) = listener.accept().await.unwrap();
        let place = record.borrow().len();
        record.send_modify(|record| record.push(Traffic::default()));
        connections.spawn(relay(runtime, upstream, Arc::clone(&record), place));
    }
}

/// Passes everything on at once. Where the runtime closes, so does the other side, and nothing is heard any more.
async fn relay(runtime: TcpStream, upstream: SocketAddr, record: Record, place: usize) {
    let lambda = TcpStream::connect(upstream).await.unwrap();
    runtime.set_nodelay(true).unwrap();
    lambda.set_nodelay(true).unwrap();
    let (runtime_sends, runtime_gets) = runtime.into_split();
    let (lambda_sends, lambda_gets) = lambda.into_split();
    let up = copy(runtime_sends, lambda_gets, |piece| record.send_modify(|all| all[place].up.extend(piece)));
    let down = async {
        copy(lambda_sends, runtime_gets, |piece| record.send_modify(|all| all[place].down.extend(piece))).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// Until the sender has ended; a receiver that has gone does not end it.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: impl Fn(&[u8])) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        heard(&piece[..length]);
        let _ = to.write_all(&piece[..length]).await;
    }
    let _ = to.shutdown().await;
}
