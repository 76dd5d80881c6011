//! Whether some bytes are a component of the world `misrule:policy/policy`, and in words why not.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::SandboxError;

/// The package of the contract that this engine serves.
const PACKAGE: &str = "misrule:policy/";
/// Its version.
const VERSION: &str = "0.1.0";
/// What a policy exports.
const EXPORTS: [&str; 3] = ["configure", "before", "after"];

/// Why a component is not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// A core module: what a compiler makes before the last step.
    #[error("a core WebAssembly module, not a component (`misrule build` makes one)")]
    CoreModule,
    /// Neither.
    #[error("not WebAssembly")]
    NotWasm,
    /// An import that the host does not have.
    #[error("it imports `{0}`, which is not part of the contract misrule:policy@{VERSION}")]
    ForeignImport(String),
    /// Made for another version of the contract.
    #[error("it is made for `{0}`, and this engine serves misrule:policy@{VERSION}")]
    OtherVersion(String),
    /// A function that a policy must have is not there.
    #[error("it has no `{0}`: not a component of the world misrule:policy/policy")]
    MissingExport(&'static str),
    /// A function has another type than the contract gives it.
    #[error("it does not fit the contract misrule:policy@{VERSION}")]
    Mismatch(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ContractError {
    pub(super) fn from_linking(error: wasmtime::Error) -> Self {
        Self::Mismatch(error.into())
    }
}

/// Looks at the first eight bytes: magic, version and layer.
pub(super) fn check_is_component(bytes: &[u8]) -> Result<(), SandboxError> {
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(()),
        Some(b"\0asm\x01\0\0\0") => Err(ContractError::CoreModule.into()),
        _ => Err(ContractError::NotWasm.into()),
    }
}

/// Checks names of imports and exports; types are checked where they are linked.
pub(super) fn check_world(engine: &wasmtime::Engine, component: &Component) -> Result<(), ContractError> {
    let world = component.component_type();
    for (name, _) in world.imports(engine) {
        check_import(name)?;
    }
    let has = |export: &str| {
        let item = world.exports(engine).find(|(name, _)| *name == export).map(|(_, item)| item.ty);
        matches!(item, Some(ComponentItem::ComponentFunc(_)))
    };
    match EXPORTS.into_iter().find(|export| !has(export)) {
        Some(missing) => Err(ContractError::MissingExport(missing)),
        None => Ok(()),
    }
}

fn check_import(name: &str) -> Result<(), ContractError> {
    match name.strip_prefix(PACKAGE).map(|interface| interface.split_once('@')) {
        Some(Some((_, VERSION))) => Ok(()),
        Some(_) => Err(ContractError::OtherVersion(name.to_owned())),
        // Called, they trap; but a toolchain that links WASI without calling it may pass.
        None if name.starts_with("wasi:") => Ok(()),
        None => Err(ContractError::ForeignImport(name.to_owned())),
    }
}
