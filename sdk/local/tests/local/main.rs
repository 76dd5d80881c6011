//! The local services against raw bytes and small programs: what Lambda and AppConfig would refuse, they refuse.

mod appconfig;
mod extensions;
mod front;
mod function;
mod raw;
mod runtime;
mod streams;
