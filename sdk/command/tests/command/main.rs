//! The command as people meet it: the built binary, with every word that it says under snapshot.

#![expect(clippy::unwrap_used, reason = "a test may end where its own preparations fail")]

mod account;
mod build;
mod bundle;
mod demo;
mod front;
mod halt;
mod help;
mod inspect;
mod interrupt;
#[cfg(unix)]
mod layer;
mod new;
mod overtaken;
mod packed;
mod place;
mod publish;
mod regions;
mod report;
mod rollout;
mod session;
mod standing;
mod unanswered;
mod validator;
