//! Instants as tests write them.

use misrule_engine::time::Timestamp;

use crate::host::double::trap;

/// Reads `2026-12-01T09:30:00+01:00`.
#[track_caller]
pub(super) fn instant(text: &str) -> Timestamp {
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => instant.into(),
        Err(error) => trap(&format!("`{text}` is no instant such as 2026-12-01T09:30:00+01:00: {error}")),
    }
}
