//! What a policy remembers between invocations of one execution environment.
//!
//! The host keeps it: it outlives the instance and a new version of the same experiment. It is bounded, and the least
//! recently used key goes first. What a hook stores is kept when the hook returns, and dropped when it traps. Two hooks
//! of one policy never run at the same time.

use crate::host::memory as host;

/// Adds to a counter that starts at 0, saturating; the new value.
///
/// A counter is kept as 8 little-endian bytes. On a value of another length the hook ends, and nothing is injected.
pub fn add(key: &str, delta: i64) -> i64 {
    host::add(key, delta)
}

/// A remembered value.
pub fn get(key: &str) -> Option<Vec<u8>> {
    host::get(key)
}

/// Remembers a value: 4 KiB at most, under a key of 256 bytes at most.
pub fn set(key: &str, value: &[u8]) {
    host::set(key, value);
}

/// Forgets a value.
pub fn remove(key: &str) {
    host::remove(key);
}
