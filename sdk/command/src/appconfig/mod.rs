//! AWS AppConfig's control plane, as far as publishing and halting need it: find where to, upload, deploy, watch.
//! Calls and limits: AWS AppConfig API reference, version 2019-10-09.

mod connection;
mod deployment;
mod destination;
mod error;
mod target;

pub(crate) use connection::Connection;
pub(crate) use deployment::Content;
pub(crate) use destination::Destination;
