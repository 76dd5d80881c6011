//! The contract's imports, a module an interface: the host itself on WebAssembly, its double natively. Both have the names
//! and signatures that wit-bindgen gives them, so that the rest of the crate is the same code on both.

#[cfg(target_arch = "wasm32")]
pub mod bindings;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod double;

#[cfg(target_arch = "wasm32")]
pub(crate) use bindings::misrule::policy::{
    chance, clock, environment, faults, invocation, logging, matching, memory, response, settings,
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use double::{
    chance, clock, environment, faults, invocation, logging, matching, memory, response, settings,
};
