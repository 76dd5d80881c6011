//! `cut`: ends a streamed answer as a crash would, once so many bytes of it passed.

use misrule_engine::decision::{FaultKind, Hook};

use super::Row;
use super::streamed::Turn;

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Cut;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, streamed answers",
    seen: "a stream without a clean end, as of a runtime that crashed",
    undone: "nothing",
};

/// The connection to Lambda closes without the last chunk. What the handler still sends is read and thrown away.
pub(super) fn carry_out<E>() -> Turn<E> {
    Turn::Cut
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use bytes::Bytes;
    use http_body_util::Full;
    use misrule_engine::decision::Step;

    use super::super::staged::{DIRECT, Stage, planned};
    use super::super::streamed::{Walk, Walked};
    use super::*;
    use crate::telemetry::Injections;

    #[tokio::test]
    async fn what_stands_before_the_offset_passes_and_no_end_follows() {
        let stage = Stage::after(DIRECT, "");
        let walk = Walk::of(&[planned(Step::Cut(3))], 0, Injections::default(), stage.ground()).unwrap();
        let mut walked = Walked::new(walk(Full::new(Bytes::from_static(b"firstlast"))));
        let first: Turn<Infallible> = poll_fn(|cx| walked.poll_turn(cx)).await;
        assert!(matches!(first, Turn::Frame(frame) if frame.data_ref().is_some_and(|data| *data == "fir")));
        assert!(matches!(poll_fn(|cx| walked.poll_turn(cx)).await, Turn::Cut));
    }
}
