//! A client of the function: it asks for each path in turn and keeps what it saw.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The paths that clients ask for.
pub(crate) const PATHS: [&str; 2] = ["/health", "/orders/7"];
/// Between two requests.
const PAUSE: Duration = Duration::from_millis(25);

/// What one request came to; the status is none where there was no HTTP answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) path: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) took: Duration,
}

/// What clients saw for a while.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Vec<Answer>);

impl Seen {
    /// Asks for each path in turn for this long, and at least once.
    pub(crate) async fn during(address: SocketAddr, duration: Duration) -> Self {
        let until = Instant::now() + duration;
        let mut seen = Self::default();
        while seen.0.is_empty() || Instant::now() < until {
            for path in PATHS {
                seen.0.push(ask(address, path).await);
                tokio::time::sleep(PAUSE).await;
            }
        }
        seen
    }

    /// Requests for this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.of(path).count()
    }

    /// The statuses for this path and how often each came, `none` where there was no answer.
    pub(crate) fn statuses(&self, path: &str) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for answer in self.of(path) {
            let status = answer.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            *counts.entry(status).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// Whether every request for this path got this status.
    pub(crate) fn all(&self, path: &str, status: u16) -> bool {
        self.count(path) > 0 && self.of(path).all(|answer| answer.status == Some(status))
    }

    /// The median time of an answer for this path.
    pub(crate) fn median(&self, path: &str) -> Duration {
        let mut times: Vec<_> = self.of(path).map(|answer| answer.took).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    fn of(&self, path: &str) -> impl Iterator<Item = &Answer> {
        self.0.iter().filter(move |answer| answer.path == path)
    }
}

async fn ask(address: SocketAddr, path: &'static str) -> Answer {
    let started = Instant::now();
    let status = get(address, path).await.ok();
    Answer { path, status, took: started.elapsed() }
}

/// One request on a connection of its own, read to its end.
async fn get(address: SocketAddr, path: &str) -> Result<u16, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get(path).header("host", address.to_string()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    connection.abort();
    Ok(status)
}
