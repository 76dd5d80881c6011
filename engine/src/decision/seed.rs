//! Chance that can be replayed: every draw is a function of what a log line carries.
//!
//! # The algorithms
//!
//! A *hash* is SHA-256 over a domain text and then each part, every one of them preceded by its length as 8
//! little-endian bytes, so that no two lists of parts hash alike. A *draw* from a hash is its first 8 bytes, little
//! endian, shifted right by 11 and divided by 2^53: a number in [0, 1).
//!
//! | name | domain | parts |
//! | --- | --- | --- |
//! | the invocation's seed | `misrule seed 1` | experiment, request id, `id` and invocation id, or `at` and arrival (8 bytes, ms) |
//! | the draw `eligible` | `misrule eligible 1` | seed |
//! | the draw `asked` | `misrule asked 1` | seed, policy |
//! | a hook's seed | `misrule hook 1` | seed, policy, `before` or `after` |
//! | the noise of `garble` | `misrule garble 1` | seed, policy |
//! | `sticky` | `misrule sticky 1` | experiment, policy, key |
//!
//! A hook's draws are successive 64-bit words of ChaCha8 (`rand_chacha`, whose stream is stable across versions) keyed
//! with the hook's seed, each turned into a number as above. The noise of `garble` is drawn likewise: for each byte first
//! whether it is hit, and where it is, what it becomes.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use super::fault::Hook;
use super::plan::PolicyName;
use crate::invocation::Head;

/// 32 bytes that decide every draw about one invocation, or about one hook of one policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The invocation's seed under this experiment. Without an invocation id the arrival time takes its place, since
    /// an asynchronous retry keeps the request id.
    pub fn of_invocation(experiment: &str, head: &Head) -> Self {
        let arrival = head.arrived.as_milliseconds().to_le_bytes();
        let (kind, delivery): (&[u8], &[u8]) = match &head.invocation_id {
            Some(id) => (b"id", id.as_bytes()),
            None => (b"at", &arrival),
        };
        let request = head.request_id.as_str().as_bytes();
        Self(hash("misrule seed 1", &[experiment.as_bytes(), request, kind, delivery]))
    }

    /// Whether any policy may touch this invocation, at this rate.
    pub fn eligible(&self, rate: f64) -> bool {
        rate >= 1.0 || number(&hash("misrule eligible 1", &[&self.0])) < rate
    }

    /// Whether this policy is asked about this invocation, in both hooks, at this rate.
    pub fn asked(&self, policy: &PolicyName, rate: f64) -> bool {
        rate >= 1.0 || number(&hash("misrule asked 1", &[&self.0, policy.as_str().as_bytes()])) < rate
    }

    /// The seed of one hook of one policy.
    pub fn of_hook(&self, policy: &PolicyName, hook: Hook) -> Self {
        let hook: &[u8] = match hook {
            Hook::Before => b"before",
            Hook::After => b"after",
        };
        Self(hash("misrule hook 1", &[&self.0, policy.as_str().as_bytes(), hook]))
    }

    /// The seed of the noise that one policy puts over an answer.
    pub fn of_noise(&self, policy: &PolicyName) -> Self {
        Self(hash("misrule garble 1", &[&self.0, policy.as_str().as_bytes()]))
    }
}

impl fmt::Display for Seed {
    /// 64 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Seed({self})")
    }
}

/// The draws of one hook.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The draws that this hook's seed gives.
    pub fn new(seed: Seed) -> Self {
        Self(ChaCha8Rng::from_seed(seed.0))
    }

    /// The next number, uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        fraction(self.0.next_u64())
    }
}

/// A stable number in [0, 1) for this experiment, policy and key, the same in every execution environment.
pub fn sticky(experiment: &str, policy: &PolicyName, key: &str) -> f64 {
    number(&hash("misrule sticky 1", &[experiment.as_bytes(), policy.as_str().as_bytes(), key.as_bytes()]))
}

fn hash(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn number(hash: &[u8; 32]) -> f64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    fraction(u64::from_le_bytes(first))
}

/// 53 bits are what a double holds without rounding up to 1.
fn fraction(bits: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (bits >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::RequestId;
    use crate::time::Timestamp;

    fn head(request: &str, invocation: Option<&str>, arrived: u64) -> Head {
        Head {
            request_id: RequestId::new(request),
            invocation_id: invocation.map(str::to_owned),
            invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:health".to_owned(),
            trace_id: None,
            tenant_id: None,
            arrived: Timestamp::from_milliseconds(arrived),
            deadline: Timestamp::from_milliseconds(arrived + 3000),
            sequence: 0,
        }
    }

    #[test]
    fn an_event_delivered_again_draws_alike_and_a_retry_does_not() {
        let seed = |head| Seed::of_invocation("outage", &head);
        assert_eq!(seed(head("r", Some("i"), 1)), seed(head("r", Some("i"), 2)));
        assert_ne!(seed(head("r", Some("i"), 1)), seed(head("r", Some("j"), 1)));
        assert_ne!(seed(head("r", None, 1)), seed(head("r", None, 2)));
    }

    /// The numbers come from an independent implementation of the algorithms above.
    #[test]
    fn the_algorithms_do_not_change() {
        let seed = Seed::of_invocation("outage", &head("8476a536", Some("i-1"), 0));
        let policy = PolicyName::new("path-outage");
        let mut chance = Chance::new(seed.of_hook(&policy, Hook::Before));
        let draws: Vec<_> = (0..3).map(|_| format!("{:.6}", chance.uniform())).collect();
        assert_eq!(seed.to_string()[..16], *"7e0f6854270f08cc");
        assert_eq!(draws, ["0.737444", "0.521236", "0.164660"]);
        assert_eq!(format!("{:.6}", sticky("outage", &policy, "tenant-7")), "0.776537");
    }

    #[test]
    fn a_rate_is_the_share_that_is_drawn() {
        let hit = |n: u64| Seed::of_invocation("outage", &head(&n.to_string(), None, 0)).eligible(0.3);
        let share = (0..20_000).filter(|n| hit(*n)).count() as f64 / 20_000.0;
        assert!((share - 0.3).abs() < 0.015, "{share}");
        let seed = Seed::of_invocation("outage", &head("r", None, 0));
        assert!(seed.eligible(1.0) && !seed.eligible(0.0));
    }
}
