//! From a policy crate to a component: cargo makes a core module, its imports are checked against the contract, and
//! wit-component wraps it, all in this process.

mod cargo;
mod component;
mod contract;
mod imports;

pub(crate) use cargo::PolicyCrate;
pub(crate) use component::Built;
