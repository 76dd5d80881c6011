//! The proxy between raw sockets: what Lambda and a runtime exchange through it, against what they exchange without it.

mod exchange;
mod harmless;
mod message;
mod patience;
