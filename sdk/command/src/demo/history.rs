//! Everything that clients and health checks saw, and when. Times are from the moment on at which clients began.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use misrule_local::route53::health_check::Health;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clients::Client;
use super::region::Region;

/// What one request came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// When the answer came, or the client gave up.
    pub(crate) at: Duration,
    pub(crate) client: Client,
    /// Where it was sent.
    pub(crate) asked: Region,
    /// Whether that region answered with what was asked for.
    pub(crate) served: bool,
}

impl Request {
    /// Whether this region served it.
    pub(crate) fn served_by(&self, region: Region) -> bool {
        self.served && self.asked == region
    }
}

/// A region's health changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) at: Duration,
    pub(crate) region: Region,
    pub(crate) health: Health,
}

/// From one moment up to another.
pub(crate) type Span = Range<Duration>;

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) requests: Vec<Request>,
    pub(crate) changes: Vec<Change>,
}

impl History {
    /// The requests of a span.
    pub(crate) fn within(&self, span: &Span) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| span.contains(&request.at))
    }

    /// The share of a span's requests that were served; 1 where there was none.
    pub(crate) fn share_served(&self, span: &Span) -> f64 {
        let all = self.within(span).count();
        let served = self.within(span).filter(|request| request.served).count();
        if all == 0 { 1.0 } else { served as f64 / all as f64 }
    }

    /// The clients whose last request of a span was not like this, or came to nothing at all.
    pub(crate) fn unsettled(&self, span: &Span, is_there: impl Fn(&Request) -> bool) -> Vec<Client> {
        let clients = self.clients().into_iter();
        let last = |client| self.within(span).filter(move |request| request.client == client).last();
        clients.filter(|client| !last(*client).is_some_and(&is_there)).collect()
    }

    /// How far into a span the last client was there, so that from then on all requests of all clients were like this.
    pub(crate) fn settled(&self, span: &Span, is_there: impl Fn(&Request) -> bool) -> Option<Duration> {
        if !self.unsettled(span, &is_there).is_empty() {
            return None;
        }
        let arrival = |client| {
            let requests: Vec<_> = self.within(span).filter(|request| request.client == client).collect();
            let astray = requests.iter().rposition(|request| !is_there(request));
            let first = astray.map_or(0, |astray| astray + 1);
            astray.and_then(|_| requests.get(first)).map_or(span.start, |request| request.at)
        };
        let last = self.clients().into_iter().map(arrival).max().unwrap_or(span.start);
        Some(last.saturating_sub(span.start))
    }

    /// When a region's health changed to this, first within a span.
    pub(crate) fn changed(&self, region: Region, health: Health, span: &Span) -> Option<Duration> {
        let fits = |change: &&Change| change.region == region && change.health == health && span.contains(&change.at);
        self.changes.iter().find(fits).map(|change| change.at)
    }

    fn clients(&self) -> Vec<Client> {
        let mut clients: Vec<Client> = Vec::new();
        for request in &self.requests {
            if !clients.contains(&request.client) {
                clients.push(request.client);
            }
        }
        clients
    }
}

/// Where the phases begin and end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    /// When `misrule publish` was run.
    pub(crate) published: Duration,
    /// When the first request failed.
    pub(crate) took_hold: Duration,
    /// When `misrule halt` was run.
    pub(crate) halted: Duration,
    /// The end.
    pub(crate) over: Duration,
}

impl Moments {
    /// Before the fault.
    pub(crate) const fn steady(&self) -> Span {
        Duration::ZERO..self.took_hold
    }

    /// From the first failed request to the halt.
    pub(crate) const fn outage(&self) -> Span {
        self.took_hold..self.halted
    }

    /// From the halt on.
    pub(crate) const fn recovery(&self) -> Span {
        self.halted..self.over
    }

    /// All of them, with their names.
    pub(crate) const fn phases(&self) -> [(&'static str, Span); 3] {
        [("steady state", self.steady()), ("outage", self.outage()), ("recovery", self.recovery())]
    }
}

/// Where the history is written.
pub(crate) struct Recorder {
    began: Instant,
    history: Mutex<History>,
}

impl Recorder {
    /// An empty history that begins now.
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), history: Mutex::default() })
    }

    /// How long it has been going.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// What has happened so far.
    pub(crate) fn history(&self) -> History {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes down a request that is over now.
    pub(crate) fn request(&self, request: impl FnOnce(Duration) -> Request) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.requests.push(request(self.now()));
    }

    /// Writes down each change of a region's health, until the task is aborted.
    pub(crate) fn follow(self: &Arc<Self>, region: Region, mut health: watch::Receiver<Health>) -> JoinHandle<()> {
        let recorder = Arc::clone(self);
        tokio::spawn(async move {
            while health.changed().await.is_ok() {
                let change = Change { at: recorder.now(), region, health: *health.borrow_and_update() };
                recorder.history.lock().unwrap_or_else(PoisonError::into_inner).changes.push(change);
            }
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A span of seconds.
    pub(crate) const fn seconds(from: u64, to: u64) -> Span {
        Duration::from_secs(from)..Duration::from_secs(to)
    }

    /// A client's requests, one a second from 0 on: `u` and `e` served by the US and the EU, `x` failed in the US.
    pub(crate) fn asked(client: Client, seen: &str) -> Vec<Request> {
        let request = |(second, seen): (usize, char)| Request {
            at: Duration::from_secs(second as u64),
            client,
            asked: if seen == 'e' { Region::Eu } else { Region::Us },
            served: seen != 'x',
        };
        seen.chars().enumerate().map(request).collect()
    }

    /// What some clients saw, those of the US first.
    pub(crate) fn history(us: &[&str], eu: &[&str]) -> History {
        let of = |home, seen: &[&str]| {
            let clients = seen.iter().enumerate();
            clients.flat_map(|(index, seen)| asked(Client { home, number: index + 1 }, seen)).collect::<Vec<_>>()
        };
        let mut requests = of(Region::Us, us);
        requests.extend(of(Region::Eu, eu));
        requests.sort_by_key(|request| request.at);
        History { requests, changes: Vec::new() }
    }

    #[test]
    fn the_last_client_counts() {
        let history = history(&["uuxxeeee", "uuxxxeee"], &["eeeeeeee"]);
        let there = |request: &Request| request.served_by(Region::Eu);
        assert_eq!(history.settled(&seconds(2, 8), there), Some(Duration::from_secs(3)));
        assert_eq!(history.settled(&seconds(2, 5), there), None, "one is still away");
        assert_eq!(history.settled(&seconds(5, 8), there), Some(Duration::ZERO), "all are there already");
        let away: Vec<_> = history.unsettled(&seconds(2, 5), there).iter().map(Client::to_string).collect();
        assert_eq!(away, ["us-2"]);
    }

    #[test]
    fn a_client_that_went_back_was_not_there() {
        let history = history(&["xeexxe"], &[]);
        assert_eq!(
            history.settled(&seconds(0, 6), |request| request.served_by(Region::Eu)),
            Some(Duration::from_secs(5))
        );
    }

    #[test]
    fn a_client_that_fell_silent_is_not_there() {
        let history = history(&["ux", "uxeeee"], &[]);
        assert_eq!(history.settled(&seconds(2, 6), |request| request.served_by(Region::Eu)), None);
    }

    #[test]
    fn the_share_is_of_a_spans_requests() {
        let history = history(&["uuxxe"], &["eeeee"]);
        assert!((history.share_served(&seconds(0, 2)) - 1.0).abs() < 1e-9);
        assert!((history.share_served(&seconds(2, 4)) - 0.5).abs() < 1e-9);
    }
}
