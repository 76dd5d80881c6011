//! AWS AppConfig's control plane, as far as publishing and halting need it: find or make where to, upload, deploy, watch.
//! Calls and limits: AWS AppConfig API reference, version 2019-10-09.

mod asking;
mod caller;
mod connection;
mod deployment;
mod destination;
mod error;
mod halting;
mod hint;
mod history;
mod monitor;
mod patience;
mod place;
mod publication;
pub(crate) mod region;
mod resuming;
mod seen;
mod service;
mod standing;
mod strategy;
mod validator;
mod version;

pub(crate) use connection::{Connection, check_apart};
pub(crate) use deployment::Published;
pub(crate) use destination::Destination;
pub(crate) use error::AppConfigError;
pub(crate) use halting::{Halted, Halting, Others};
pub(crate) use monitor::Alarms;
pub(crate) use patience::Patience;
pub(crate) use place::{Found, Target};
pub(crate) use publication::{Publication, Publishing};
pub(crate) use resuming::Resumed;
pub(crate) use service::{Left, Service};
pub(crate) use standing::{Deployed, Past};
pub(crate) use strategy::Rollout;
pub(crate) use version::{Content, Delivered, media_type};
