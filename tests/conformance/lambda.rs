//! A Lambda whose every byte the test writes. Extensions that register are looked after unless a case wants to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_local::port;
use misrule_tests::message::{Message, Reader};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::stage::soon;

/// How layers' registrations are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registrations {
    /// As Lambda takes them: accepted, and told when to shut down.
    Taken,
    /// The case answers them.
    ByHand,
}

/// Lambda's Runtime and Extensions API.
pub(crate) struct Lambda {
    address: SocketAddr,
    runtimes: Mutex<UnboundedReceiver<Reader>>,
    extensions: Mutex<UnboundedReceiver<Reader>>,
    waiting: watch::Receiver<usize>,
    shutdown: watch::Sender<bool>,
    acceptor: JoinHandle<()>,
}

/// What an accepted connection may turn out to be.
struct Gate {
    registrations: Registrations,
    runtimes: UnboundedSender<Reader>,
    extensions: UnboundedSender<Reader>,
    waiting: watch::Sender<usize>,
    shutdown: watch::Receiver<bool>,
}

/// How a layer's registration begins, also below a base path.
const REGISTRATIONS: [&[u8]; 2] = [b"POST /2020-01-01/extension/register", b"POST /.rt/2020-01-01/extension/register"];
/// What an extension inside the runtime's process calls itself.
pub(crate) const INTERNAL: &str = "internal-extension";
const SHUTDOWN: &str = r#"{"eventType":"SHUTDOWN","shutdownReason":"SPINDOWN","deadlineMs":1}"#;

impl Lambda {
    /// On an address that nobody has, nor had: layers of cases that are over may just be ending.
    pub(crate) async fn new(registrations: Registrations) -> Result<Self> {
        Ok(Self::on(port::listener().await?, registrations)?)
    }

    /// Behind this: for a Lambda that begins to listen late.
    pub(crate) fn listening(listener: TcpListener) -> Result<Self> {
        Ok(Self::on(listener, Registrations::Taken)?)
    }

    fn on(listener: TcpListener, registrations: Registrations) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let ((runtimes, for_runtimes), (extensions, for_extensions)) = (unbounded_channel(), unbounded_channel());
        let ((waiting, seen_waiting), (shutdown, told_shutdown)) = (watch::channel(0), watch::channel(false));
        let gate = Arc::new(Gate { registrations, runtimes, extensions, waiting, shutdown: told_shutdown });
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&gate).admit(Reader::new(stream)));
            }
        });
        let (runtimes, extensions) = (Mutex::new(for_runtimes), Mutex::new(for_extensions));
        Ok(Self { address, runtimes, extensions, waiting: seen_waiting, shutdown, acceptor })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection of a runtime, however it came.
    pub(crate) async fn accept(&self) -> Result<Reader> {
        let mut runtimes = self.runtimes.lock().await;
        soon("a connection to Lambda", runtimes.recv()).await?.context("Lambda is gone")
    }

    /// The next connection of an extension, where the case answers it.
    pub(crate) async fn accept_extension(&self) -> Result<Reader> {
        let mut extensions = self.extensions.lock().await;
        soon("an extension", extensions.recv()).await?.context("Lambda is gone")
    }

    /// That no further connection of a runtime is there.
    pub(crate) async fn is_alone(&self) -> Result<()> {
        let another = tokio::time::timeout(Duration::from_millis(50), self.accept()).await;
        ensure!(another.is_err(), "a connection to Lambda that nobody needs");
        Ok(())
    }

    /// Waits until so many extensions wait for their next event.
    pub(crate) async fn until_waiting(&self, extensions: usize) -> Result<()> {
        let mut waiting = self.waiting.clone();
        soon("event/next", waiting.wait_for(|count| *count >= extensions)).await??;
        Ok(())
    }

    /// How often extensions asked for their next event.
    pub(crate) fn waits(&self) -> usize {
        *self.waiting.borrow()
    }

    /// Tells every extension to shut down.
    pub(crate) fn shut_down(&self) {
        self.shutdown.send_replace(true);
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl Gate {
    async fn admit(self: Arc<Self>, mut connection: Reader) {
        if !registers(&mut connection).await {
            let _ = self.runtimes.send(connection);
        } else if self.registrations == Registrations::ByHand {
            let _ = self.extensions.send(connection);
        } else {
            self.look_after(connection).await;
        }
    }

    /// An extension of a layer, until Lambda shuts down.
    async fn look_after(&self, mut connection: Reader) {
        connection.message().await;
        register(&mut connection).await;
        while !connection.message().await.start.is_empty() {
            self.waiting.send_modify(|count| *count += 1);
            let mut shutdown = self.shutdown.clone();
            let told = tokio::select! {
                told = shutdown.wait_for(|told| *told) => told.is_ok(),
                _ = connection.closes() => false,
            };
            if !told {
                return;
            }
            say_shutdown(&mut connection).await;
        }
    }
}

/// Whether this is a layer: other extensions come through one, and are a runtime's business.
async fn registers(connection: &mut Reader) -> bool {
    let [plain, based] = REGISTRATIONS;
    if !connection.begins_with(plain).await && !connection.begins_with(based).await {
        return false;
    }
    connection.until(b"\r\n\r\n").await && !connection.holds_already(INTERNAL.as_bytes())
}

async fn say(connection: &mut Reader, status: &str, body: &str) {
    let head =
        format!("HTTP/1.1 {status}\r\nLambda-Extension-Identifier: me\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = connection.stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await;
}

/// Takes a registration.
pub(crate) async fn register(connection: &mut Reader) {
    say(connection, "200 OK", r#"{"functionName":"orders","functionVersion":"$LATEST","handler":"h"}"#).await;
}

/// Refuses a registration, or a wait.
pub(crate) async fn refuse(connection: &mut Reader, status: &str) {
    say(connection, status, r#"{"errorType":"Extension.InvalidExtensionName"}"#).await;
}

/// Tells an extension that waits to shut down.
pub(crate) async fn say_shutdown(connection: &mut Reader) {
    say(connection, "200 OK", SHUTDOWN).await;
}

/// The registration of an extension that is answered by hand.
pub(crate) async fn registration(connection: &mut Reader) -> Result<Message> {
    soon("a registration", connection.message()).await
}
