//! A policy at work: its component, its settings, what it remembers, and how often it failed.

mod memory;

#[cfg(feature = "sandbox")]
mod hosted;

#[cfg(feature = "sandbox")]
pub use hosted::{Policy, PolicyError, Remembered};
pub use memory::{Memory, NotACounter, Transaction};
