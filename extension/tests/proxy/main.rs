//! The proxy between raw sockets: what Lambda and a runtime exchange through it, against what they exchange without it.

mod armed;
mod exchange;
mod harmless;
mod injected;
mod message;
mod patience;
