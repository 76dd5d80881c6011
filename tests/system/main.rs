//! The whole system from outside, one module a subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod answers;
mod aws_cli;
mod consent;
mod crimes;
mod demo;
mod do_no_harm;
mod emulator;
mod enforced;
mod experiment_schema;
mod faults;
mod fleet;
mod guarded;
mod house;
mod json_schema;
mod layer;
mod local_programs;
mod metrics;
mod native_images;
mod preloaded;
mod readme;
mod report;
mod runtimes;
mod secrets;
mod settings_schema;
mod signed;
mod sources;
mod swaps;
mod wrong_input;
