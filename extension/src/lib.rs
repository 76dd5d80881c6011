//! Misrule's Lambda layer: a proxy of the Runtime API that carries faults out, and what it needs to know which.
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`proxy`] | the road of an invocation, from Lambda to the runtime and back |
//! | [`faults`] | the only module that acts: a planned step becomes a pause, an answer or an error |
//! | [`control`] | which experiment is in force |
//! | [`sources`] | where experiments come from |
//! | [`telemetry`] | what is told, one JSON object a line |
//! | [`settings`] | the layer's variables, read in one place |
//! | [`clock`] | the only module that asks what time it is |
//! | [`memory`] | memory that is free, given back |
//! | [`panics`] | what becomes of a panic |
//! | [`lambda`] | the Extensions API: register, wait, shut down |
//! | [`wrapper`] | the small program that points a runtime at the proxy, and preloads a library where names may fail |
//!
//! Whatever breaks here, the invocation goes on as if the layer were not there, and one log line says why.

pub mod clock;
pub mod control;
pub mod faults;
pub mod lambda;
pub mod memory;
pub mod panics;
pub mod proxy;
pub mod settings;
pub mod sources;
pub mod telemetry;
pub mod wrapper;
