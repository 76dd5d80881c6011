//! The local services against raw bytes and small programs: what Lambda and AppConfig would refuse, they refuse.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod account;
mod agent;
mod appconfig;
mod control;
mod disturbances;
mod extensions;
mod front;
mod function;
mod raw;
mod rollouts;
mod route53;
mod runtime;
mod snapshots;
mod streams;
mod validators;
