//! How a client finds a region: it asks Route 53, and keeps the answer for a while.

use misrule_local::route53::latency::Records;
use tokio::time::Instant;

use super::region::Region;
use super::scale::TTL;

/// How a client knows where to go.
pub(crate) enum Lookup {
    /// It asks DNS for the nearest healthy region once what it knows is too old.
    Dns(Cache),
    /// The region's address is built into it.
    Pinned(Region),
}

/// The last answer that a client got.
pub(crate) struct Cache {
    region: Region,
    until: Instant,
}

impl Cache {
    /// An answer that was got some time ago: this share of its time is left.
    pub(crate) fn aged(region: Region, left: f64) -> Self {
        Self { region, until: Instant::now() + TTL.here().mul_f64(left) }
    }
}

impl Lookup {
    /// Where to go now, for a client whose nearest region is `home`.
    pub(crate) fn region(&mut self, records: &Records<Region>, home: Region) -> Region {
        match self {
            Self::Pinned(region) => *region,
            Self::Dns(cache) => {
                let now = Instant::now();
                if now >= cache.until {
                    *cache =
                        Cache { region: *records.resolve(|region| latency(home, *region)), until: now + TTL.here() };
                }
                cache.region
            }
        }
    }
}

/// A typical time from clients near one region to another and back, in milliseconds.
const fn latency(home: Region, region: Region) -> u32 {
    match (home, region) {
        (Region::Us, Region::Us) | (Region::Eu, Region::Eu) => 10,
        (Region::Us, Region::Eu) | (Region::Eu, Region::Us) => 70,
    }
}
