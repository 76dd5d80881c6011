//! The one place that reads the clock, and what is made from it: dates, and identifiers in the shape of UUIDs.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this module owns the clock of the local services")]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    milliseconds(since)
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An instant as HTTP's `Date` header has it.
pub(crate) fn http_date(at: u64) -> String {
    timestamp(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An instant as RFC 3339 has it, in UTC.
pub(crate) fn iso_date(at: u64) -> String {
    timestamp(at).to_string()
}

/// An instant as access logs have it, which is what function URL events carry.
pub(crate) fn log_date(at: u64) -> String {
    timestamp(at).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

fn timestamp(at: u64) -> jiff::Timestamp {
    i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).unwrap_or_default()
}

/// An identifier that this process has not given before.
pub(crate) fn uuid() -> String {
    static START: OnceLock<u64> = OnceLock::new();
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let start = *START.get_or_init(|| scramble(now() ^ (u64::from(std::process::id()) << 42)));
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let (high, low) = (scramble(start ^ count), count);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        (high >> 4) & 0xfff,
        start & 0xfff,
        (start.wrapping_add(low)) & 0xffff_ffff_ffff
    )
}

/// Spreads neighbouring numbers over all 64 bits; the finalizer of SplitMix64, a bijection.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_their_formats_say() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(iso_date(784_111_777_000), "1994-11-06T08:49:37Z");
        assert_eq!(log_date(784_111_777_000), "06/Nov/1994:08:49:37 +0000");
    }

    #[test]
    fn identifiers_are_uuids_and_differ() {
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| uuid()).collect();
        assert_eq!(ids.len(), 1000);
        let lengths = |id: &String| id.split('-').map(str::len).collect::<Vec<_>>();
        assert!(ids.iter().all(|id| lengths(id) == [8, 4, 4, 4, 12]));
    }
}
