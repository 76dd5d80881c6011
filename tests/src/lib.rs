//! What the system tests stand on: the programs under test, the clients that judge them, and a function with the layer.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`programs`] | the built programs, and AWS's Python clients |
//! | [`emulator`] | AWS's Runtime Interface Emulator, with any folder as `/opt` |
//! | [`layered`] | a function with the extension and the wrapper, beside a local AppConfig |
//! | [`preloaded`] | the wrapper with its library beside it, and a resolver that knows names without a network |
//! | [`publishing`] | the `misrule` command, as a user runs it |
//! | [`message`] | HTTP messages as their bytes say, for tests that speak over raw sockets |
//! | [`skipped`] | tests that cannot run here: named and counted |

pub mod emulator;
pub mod layered;
pub mod logs_insights;
pub mod message;
pub mod preloaded;
pub mod programs;
pub mod publishing;
pub mod skipped;
pub mod swaps;
