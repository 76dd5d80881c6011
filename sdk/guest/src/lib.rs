//! What a fault policy is written with: the trait, its settings, the invocation, and plans.
//!
//! ```
//! use std::time::Duration;
//!
//! use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings, Window};
//!
//! #[derive(Settings)]
//! struct Brownout {
//!     /// Paths to slow down.
//!     paths: Vec<PathTemplate>,
//!     /// When.
//!     window: Window,
//!     #[settings(default = Duration::from_secs(2))]
//!     delay: Duration,
//! }
//!
//! impl Policy for Brownout {
//!     fn before(&self, invocation: &Invocation) -> Plan {
//!         if self.window.contains(invocation) && invocation.path_matches_any(&self.paths) {
//!             return Fault::delay(self.delay).then(Fault::respond(503).header("retry-after", "2"));
//!         }
//!         Plan::none()
//!     }
//! }
//!
//! misrule_sdk::export!(Brownout);
//! ```
//!
//! Compiled to `wasm32-unknown-unknown` this crate talks to the host through `sdk/wit/policy.wit`. Compiled natively it
//! talks to a test double, [`testing`], that answers as the host would.
//!
//! A decision is a function of the settings, the invocation, chance and memory, all of which the host gives: what a
//! policy keeps in a `static` is lost whenever the host replaces its instance.

// Generated code names this crate as its users do.
extern crate self as misrule_sdk;

pub mod chance;
pub mod environment;
pub mod logging;
pub mod matching;
pub mod memory;
pub mod settings;

mod carry;
mod fault;
mod host;
mod invocation;
mod plan;
mod policy;
mod response;
mod step;
mod time;
mod window;

#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub mod component;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use fault::Fault;
pub use invocation::{Document, Invocation, Item};
pub use matching::{Captures, PathTemplate, Pattern};
/// Reads a struct with named fields, or an enum of plain words, from the experiment's settings.
///
/// Every field is required, except an [`Option`] and what has a default:
///
/// | attribute | an absent field is |
/// | --- | --- |
/// | `#[settings(default)]` | its type's `Default` |
/// | `#[settings(default = EXPRESSION)]` | the expression |
///
/// A field's name is its name in the settings; a variant's is the same words in `kebab-case`. Settings that the struct
/// does not know are refused. The doc comments of fields and variants are kept in [`Settings::SHAPE`](trait@Settings), and
/// become the descriptions of the component's [JSON Schema](settings::schema).
pub use misrule_sdk_macros::Settings;
pub use plan::Plan;
pub use policy::{Hooks, Policy};
pub use response::Response;
#[doc(inline)]
pub use settings::{Settings, Table};
pub use step::Step;
pub use time::{Civil, Timestamp, Weekday};
pub use window::Window;

/// Makes a type the policy of this crate: on WebAssembly the component exports it; natively this only checks that it is
/// one.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        const _: () = {
            const fn is_a_policy<P: $crate::Policy>() {}
            is_a_policy::<$policy>();
        };
        $crate::export_component!($policy);
    };
}

/// Natively there is no component.
#[doc(hidden)]
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export_component {
    ($policy:ty) => {};
}
