//! Clients of the API: each asks for an order again and again, in the region that it was sent to.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use misrule_local::route53::latency::Records;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::dns::{Cache, Lookup};
use super::history::{Recorder, Request};
use super::region::{PerRegion, Region};

/// How many clients are nearest to us-east-1.
pub(crate) const IN_THE_US: usize = 4;
/// How many are nearest to eu-west-1.
pub(crate) const IN_THE_EU: usize = 6;
/// How many of those in the US are pinned in the broken demo.
pub(crate) const PINNED: usize = 2;
/// From one request of a client to its next.
const PAUSE: Duration = Duration::from_millis(100);
/// Clients wait no longer for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The region nearest to it.
    pub(crate) home: Region,
    /// From 1 on, among those of its region.
    pub(crate) number: usize,
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = match self.home {
            Region::Us => "us",
            Region::Eu => "eu",
        };
        write!(formatter, "{home}-{}", self.number)
    }
}

/// Clients at work, until dropped.
pub(crate) struct Clients(#[expect(dead_code, reason = "the tasks end when it is dropped")] JoinSet<()>);

impl Clients {
    /// Starts all clients; in the broken demo the last of those in the US are pinned.
    pub(crate) fn start(
        addresses: PerRegion<SocketAddr>,
        records: Records<Region>,
        pinned: usize,
        recorder: &Arc<Recorder>,
    ) -> Self {
        let network = Arc::new(Network { addresses, records });
        let mut tasks = JoinSet::new();
        for (home, count, dns) in [(Region::Us, IN_THE_US, IN_THE_US - pinned), (Region::Eu, IN_THE_EU, IN_THE_EU)] {
            for number in 1..=count {
                let lookup = if number <= dns {
                    // As if they had come one after another: their answers do not all age at once.
                    Lookup::Dns(Cache::aged(home, number as f64 / dns as f64))
                } else {
                    Lookup::Pinned(home)
                };
                tasks.spawn(live(Client { home, number }, lookup, Arc::clone(&network), Arc::clone(recorder)));
            }
        }
        Self(tasks)
    }
}

/// What clients meet outside.
struct Network {
    addresses: PerRegion<SocketAddr>,
    records: Records<Region>,
}

async fn live(client: Client, mut lookup: Lookup, network: Arc<Network>, recorder: Arc<Recorder>) {
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = lookup.region(&network.records, client.home);
        let address = *network.addresses.of(asked);
        let answer = timeout(PATIENCE, order(address, client.number)).await;
        let served = matches!(answer, Ok(Ok(Some(region))) if region == asked.name());
        recorder.request(|at| Request { at, client, asked, served });
    }
}

/// Asks for an order; the region that says it has it.
async fn order(address: SocketAddr, number: usize) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let request = hyper::Request::get(format!("/orders/{number}")).header("host", address.to_string());
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let region = response.headers().get("x-region").and_then(|region| region.to_str().ok()).map(str::to_owned);
    let found = response.status() == hyper::StatusCode::OK;
    response.into_body().collect().await?;
    Ok(region.filter(|_| found))
}
