//! The engine from outside: guests that misbehave, plans that join, and what the guard leaves of them.

#![expect(clippy::expect_used, reason = "tests say what they expect; the lint sees only functions marked as tests")]

mod answers;
mod enforcing;
mod guarding;
mod guest;
#[cfg(feature = "images")]
mod images;
mod limits;
mod replay;
