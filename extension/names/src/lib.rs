//! Names that fail to resolve: a page of memory says which, the layer writes it, and runtimes read it.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`Board`] | the layer's end: makes the page, seals it, and writes on it |
//! | [`Window`] | a runtime's end: maps the page, and asks whether a name is blocked |
//! | `page` | what stands on it, and how one side reads while the other writes |
//! | `matching` | globs over names of hosts |
//! | `system` | the calls of the kernel that both ends need: all that is `unsafe`, but for a line of [`Window`] |
//!
//! The page is a file of memory (`memfd_create`), sealed once the layer has mapped it: nobody can change its size, so
//! that no reader meets a page that is gone, and nobody can write it any more but through the mapping that the layer
//! has. It holds until when its names are blocked, so that they are not for ever where the layer dies.
//!
//! No standard library: this is loaded into programs that are not ours.

#![no_std]
#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

#[cfg(test)]
extern crate std;

mod board;
mod matching;
mod page;
mod system;
mod window;

pub use self::board::{Board, NameError, Odd, Refused, Round};
pub use self::page::CAPACITY;
pub use self::system::Errno;
pub use self::window::{OpenError, Window};

/// The variable of a runtime that names the page: the wrapper sets it, the preloaded library reads it.
pub const VARIABLE: &str = "MISRULE_NAMES";

/// Bytes of the longest name that DNS has, written with dots (RFC 1035, section 2.3.4).
pub const MAX_NAME: usize = 253;
