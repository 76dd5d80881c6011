//! The command as people meet it: the built binary, with every word that it says under snapshot.

mod build;
mod help;
mod new;
mod publish;
mod session;
