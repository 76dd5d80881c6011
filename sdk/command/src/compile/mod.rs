//! From a policy crate to a component: cargo makes a core module, its imports are checked against the contract, and
//! wit-component wraps it, all in this process. What the module says of its settings, and what is known of
//! its making, goes into custom sections of the component.

mod cargo;
mod component;
mod contract;
mod imports;
mod inspection;
mod provenance;
mod schema;
mod section;
mod unsupported;

pub(crate) use cargo::{CargoError, PolicyCrate, check_target};
pub(crate) use component::Built;
pub(crate) use imports::{Used, used};
pub(crate) use inspection::Inspection;
pub(crate) use schema::{SettingRow, rows};
