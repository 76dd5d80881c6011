//! Making native images, for whoever builds a bundle or a layer. The layer itself only loads them.

use wasmtime::Engine;

use super::{SandboxError, Target, contract, target};
use crate::limits;

/// Compiles components ahead of time for one platform, exactly as a layer there would compile them.
pub struct Precompiler {
    engine: Engine,
    target: Target,
}

impl Precompiler {
    /// # Errors
    ///
    /// [`SandboxError::Start`] where this build has no compiler for that platform.
    pub fn new(target: Target) -> Result<Self, SandboxError> {
        let engine = target::engine(Some(target)).map_err(|error| SandboxError::Start(error.into()))?;
        Ok(Self { engine, target })
    }

    /// What layers there call the folder of their images: `TARGET-HASH`.
    pub fn folder(&self) -> String {
        target::image_folder(Some(self.target), &self.engine)
    }

    /// The image of a component. The same component makes the same bytes.
    ///
    /// # Errors
    ///
    /// It is too large or no component. Whether it is one of the contract's world is for [`super::Sandbox::compile`] to say.
    pub fn image(&self, component: &[u8]) -> Result<Vec<u8>, SandboxError> {
        if !limits::COMPONENT_BYTES.admits(component.len()) {
            return Err(SandboxError::TooLarge { bytes: component.len() });
        }
        contract::check_is_component(component)?;
        self.engine.precompile_component(component).map_err(|error| SandboxError::Invalid(error.into()))
    }
}
