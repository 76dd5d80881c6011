//! The proxy between raw sockets, with an experiment in force. What it passes with none, and the extension's start and end,
//! are cases of the conformance suite in `tests/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod altered;
mod answers;
mod armed;
mod batches;
mod exchange;
mod gone;
mod guest;
mod injected;
mod process;
mod restored;
mod stalled;
mod streams;
mod stressor;
mod wrapper;

use misrule_tests::message;
