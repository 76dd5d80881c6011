//! A health check of an HTTP endpoint: healthy or not, by consecutive answers.
//!
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html> has the
//! rules and the times.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How long the status may take once connected.
const ANSWER: Duration = Duration::from_secs(2);
/// More than the head of any answer that an endpoint here gives, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// What Route 53 takes an endpoint for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Clients are sent there.
    Healthy,
    /// Clients are sent elsewhere, where anything else is healthy.
    Unhealthy,
}

/// What is asked, and how often.
#[derive(Clone, Debug)]
pub struct HealthCheckConfig {
    /// The path that is asked for, `/health` for one.
    pub path: String,
    /// From an answer to the next request. The service knows 10 s and 30 s.
    pub interval: Duration,
    /// How many answers in a row change the state, either way; the service's default is 3.
    pub failure_threshold: NonZeroU32,
}

/// A health check at work, until dropped. It is healthy until it knows better.
pub struct HealthCheck {
    health: watch::Receiver<Health>,
    checking: JoinHandle<()>,
}

impl HealthCheck {
    /// Starts to check an endpoint.
    pub fn start(endpoint: SocketAddr, config: HealthCheckConfig) -> Self {
        let (sender, health) = watch::channel(Health::Healthy);
        Self { health, checking: tokio::spawn(check(endpoint, config, sender)) }
    }

    /// What the endpoint is taken for now.
    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// The same for others, who can wait for changes.
    pub fn watch(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }
}

impl Drop for HealthCheck {
    fn drop(&mut self) {
        self.checking.abort();
    }
}

async fn check(endpoint: SocketAddr, config: HealthCheckConfig, health: watch::Sender<Health>) {
    let mut streak = Streak::new(config.failure_threshold);
    loop {
        let passed = passes(endpoint, &config.path).await;
        let now = streak.add(passed);
        health.send_if_modified(|health| std::mem::replace(health, now) != now);
        tokio::time::sleep(config.interval).await;
    }
}

/// The state, and how many answers in a row speak against it.
struct Streak {
    health: Health,
    against: u32,
    threshold: NonZeroU32,
}

impl Streak {
    const fn new(threshold: NonZeroU32) -> Self {
        Self { health: Health::Healthy, against: 0, threshold }
    }

    /// Counts an answer; the state after it.
    fn add(&mut self, passed: bool) -> Health {
        let says = if passed { Health::Healthy } else { Health::Unhealthy };
        self.against = if says == self.health { 0 } else { self.against + 1 };
        if self.against == self.threshold.get() {
            (self.health, self.against) = (says, 0);
        }
        self.health
    }
}

/// A status of 2xx or 3xx, in time.
async fn passes(endpoint: SocketAddr, path: &str) -> bool {
    let Ok(Ok(mut stream)) = timeout(CONNECT, TcpStream::connect(endpoint)).await else { return false };
    let answer = timeout(ANSWER, status(&mut stream, endpoint, path)).await;
    matches!(answer, Ok(Ok(200..=399)))
}

async fn status(stream: &mut TcpStream, endpoint: SocketAddr, path: &str) -> io::Result<u16> {
    let agent = "Amazon-Route53-Health-Check-Service (a local stand-in)";
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while answer.len() < MAX_HEAD {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(&answer).map_err(io::Error::other)?;
        if let (true, Some(code)) = (parsed.is_complete(), response.code) {
            return Ok(code);
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an answer without a head"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_answers_in_a_row_change_the_state_either_way() {
        let mut streak = Streak::new(NonZeroU32::new(3).unwrap());
        let mut states = |answers: &str| -> String {
            answers.chars().map(|a| if streak.add(a == '+') == Health::Healthy { 'h' } else { 'u' }).collect()
        };
        assert_eq!(states("+--+--"), "hhhhhh", "two are not enough");
        assert_eq!(states("-"), "u");
        assert_eq!(states("-++-++"), "uuuuuu", "nor are they on the way back");
        assert_eq!(states("+--"), "hhh");
    }
}
