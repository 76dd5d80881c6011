//! The proxy between raw sockets: what Lambda and a runtime exchange through it, against what they exchange without it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod altered;
mod armed;
mod exchange;
mod harmless;
mod injected;
mod message;
mod patience;
mod process;
mod restored;
mod wrapper;
