//! How much faster than on AWS the demo's DNS goes.

use std::time::Duration;

/// A second of the demo stands for this many of Route 53.
pub(crate) const SCALE: u32 = 30;
/// Between two health checks: the shorter of the service's two intervals.
pub(crate) const CHECK_INTERVAL: Unscaled = Unscaled(10);
/// How many answers in a row change a region's state: the service's default.
pub(crate) const THRESHOLD: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(2);
/// How long a client keeps an answer: what AWS advises for records with a health check, at most.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-latency.html>
pub(crate) const TTL: Unscaled = Unscaled(60);
/// How long every client may take to the EU. Three checks and a TTL are half of it.
pub(crate) const BOUND: Unscaled = Unscaled(180);

/// A time on AWS, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unscaled(pub(crate) u32);

impl Unscaled {
    /// How long it is here.
    pub(crate) fn here(self) -> Duration {
        Duration::from_secs(u64::from(self.0)) / SCALE
    }
}
