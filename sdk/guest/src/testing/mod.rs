//! Asks a policy natively, as the layer would: `cargo test` needs no WebAssembly.
//!
//! ```
//! use misrule_sdk::testing::{self, Event};
//! use misrule_sdk::{Fault, Invocation, Plan, Policy, Settings};
//!
//! #[derive(Settings)]
//! struct Outage {
//!     paths: Vec<String>,
//! }
//!
//! impl Policy for Outage {
//!     fn before(&self, invocation: &Invocation) -> Plan {
//!         if invocation.path_matches_any(&self.paths) { Fault::respond(404) } else { Plan::none() }
//!     }
//! }
//!
//! let outage = testing::configure::<Outage>(r#"{ "paths": ["/health"] }"#)?;
//! assert_eq!(outage.before(&Event::get("/health")), Fault::respond(404));
//! assert_eq!(outage.before(&Event::get("/orders")), Plan::none());
//! # Ok::<(), String>(())
//! ```
//!
//! The event is read, paths and patterns are matched, zones are looked up and draws are made by the engine itself. Where
//! the host would end the hook and inject nothing, the test panics with the reason. Limits on fuel and guest memory
//! are the only thing that needs the compiled component.

mod answer;
mod configured;
mod event;
mod instant;
mod world;

pub use answer::Answer;
pub use configured::Configured;
pub use event::Event;
pub use world::World;

use crate::Policy;

/// Configures a policy with the JSON text of its settings, in the default [`World`].
///
/// # Errors
///
/// What the person who wrote the experiment would be told, a line each.
///
/// # Panics
///
/// Where the text is not JSON.
pub fn configure<P: Policy>(settings: &str) -> Result<Configured<P>, String> {
    World::new().configure(settings)
}
