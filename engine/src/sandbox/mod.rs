//! Hosting policies: a narrow wrapper round wasmtime. Nothing outside this folder names one of its types.
//!
//! A [`Sandbox`] loads a [`Component`]: the one that it still has, or else a native image of it, or else it compiles. An
//! [`Instance`] of it is configured once and then asked about invocations. What a guest may ask for is linked in `host`,
//! one file for each interface of the contract.

mod cause;
mod component;
mod contract;
mod cpus;
mod host;
#[cfg(feature = "images")]
pub mod images;
mod instance;
mod kept;
mod memory_limit;
mod native;
mod shipped;
mod state;
mod target;
mod watchdog;

use std::collections::HashMap;
use std::sync::Arc;

pub use cause::Cause;
pub use component::{Component, Origin};
pub use contract::ContractError;
pub use instance::{Hooks, Instance, Refusal};
pub use state::{Place, Question, Reply, Wishes};
pub use target::Target;

use crate::delivery::Image;
use crate::digest::Digest;
use crate::limits;
use kept::Kept;
use native::Native;
use rayon::prelude::*;
use state::State;
use wasmtime::component::{Component as Compiled, Linker};
use watchdog::Watchdog;

/// Why a component cannot be hosted.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// This machine cannot host WebAssembly at all.
    #[error("the WebAssembly host cannot start")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The component is larger than the limit.
    #[error("the component has {bytes} bytes, more than the {} allowed", limits::COMPONENT_BYTES.value)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The bytes are no valid component.
    #[error("not a WebAssembly component")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is a component of another world.
    #[error(transparent)]
    Contract(#[from] ContractError),
}

/// A component to be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its bytes.
    pub component: &'a [u8],
    /// An image that came along; one of another component is passed over.
    pub image: Option<&'a Image>,
}

/// One WebAssembly engine with the contract's functions linked and a watchdog beside it. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    watchdog: Watchdog,
    image_folder: String,
    kept: Kept,
}

impl Sandbox {
    /// Starts the host and its watchdog thread, which sleeps unless a guest runs.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Start`] where the machine refuses, for example for want of memory.
    pub fn new() -> Result<Self, SandboxError> {
        let engine = target::engine(Target::here()).map_err(|error| SandboxError::Start(error.into()))?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker).map_err(|error| SandboxError::Start(error.into()))?;
        let watchdog = Watchdog::start(engine.weak()).map_err(|error| SandboxError::Start(error.into()))?;
        let image_folder = target::image_folder(Target::here(), &engine);
        let kept = Kept::default();
        Ok(Self { shared: Arc::new(Shared { engine, linker, watchdog, image_folder, kept }) })
    }

    /// The folder of a bundle's `native/` whose images this sandbox loads: the platform, and a hash of all that shapes
    /// machine code.
    pub fn image_folder(&self) -> &str {
        &self.shared.image_folder
    }

    /// Loads components, each by the shortest road there is: the one that a policy still uses, the image that is part of
    /// this program, the image that came along, or compiling. An image that does not fit is passed over. What must be
    /// compiled is compiled side by side. The results stand in the order of what was wanted.
    ///
    /// # Errors
    ///
    /// For each component, as [`Sandbox::compile`].
    pub fn load(&self, wanted: &[Wanted<'_>]) -> Vec<Result<Component, SandboxError>> {
        let mut compiled = self.compile_unknown(wanted);
        let load = |wanted: &Wanted<'_>| {
            let digest = Digest::of(wanted.component);
            let component = compiled.remove(&digest).unwrap_or_else(|| self.load_known(digest, wanted))?;
            self.shared.kept.keep(&component);
            Ok(component)
        };
        wanted.iter().map(load).collect()
    }

    /// Compiles what is neither at hand nor has an image.
    fn compile_unknown(&self, wanted: &[Wanted<'_>]) -> HashMap<Digest, Result<Component, SandboxError>> {
        let digested = wanted.iter().map(|wanted| (Digest::of(wanted.component), wanted));
        let unknown = digested.filter(|(digest, wanted)| {
            self.shared.kept.find(*digest).is_none() && Native::of(*digest, wanted.image).is_none()
        });
        let unknown: HashMap<Digest, &[u8]> = unknown.map(|(digest, wanted)| (digest, wanted.component)).collect();
        if unknown.is_empty() {
            return HashMap::new();
        }
        let compile = |(digest, component): (Digest, &[u8])| (digest, self.compile(component));
        cpus::spread(|| unknown.into_par_iter().map(compile).collect())
    }

    fn load_known(&self, digest: Digest, wanted: &Wanted<'_>) -> Result<Component, SandboxError> {
        if let Some(kept) = self.shared.kept.find(digest) {
            return Ok(kept);
        }
        match Native::of(digest, wanted.image).map(|image| self.load_image(digest, image)) {
            Some(Ok(component)) => Ok(component),
            None => self.compile(wanted.component),
            Some(Err(unfit)) => Ok(self.compile(wanted.component)?.instead_of(&unfit)),
        }
    }

    fn load_image(&self, digest: Digest, image: Native<'_>) -> Result<Component, SandboxError> {
        let loaded = native::load(&self.shared.engine, image).map_err(|error| SandboxError::Invalid(error.into()))?;
        Ok(Component::new(digest, self.link(&loaded)?, image.origin()))
    }

    /// Compiles a component in process: tens of milliseconds for 60 KB.
    ///
    /// # Errors
    ///
    /// Each [`SandboxError`] but `Start`: too large, no component, or one of another world.
    pub fn compile(&self, bytes: &[u8]) -> Result<Component, SandboxError> {
        if !limits::COMPONENT_BYTES.admits(bytes.len()) {
            return Err(SandboxError::TooLarge { bytes: bytes.len() });
        }
        contract::check_is_component(bytes)?;
        let compiled = cpus::spread(|| Compiled::from_binary(&self.shared.engine, bytes));
        let compiled = compiled.map_err(|error| SandboxError::Invalid(error.into()))?;
        Ok(Component::new(Digest::of(bytes), self.link(&compiled)?, Origin::Compiled { instead_of_image: None }))
    }

    fn link(&self, compiled: &Compiled) -> Result<wasmtime::component::InstancePre<State>, SandboxError> {
        contract::check_world(&self.shared.engine, compiled)?;
        let mut linker = self.shared.linker.clone();
        // WASI imports that are never called may stand: they trap.
        linker.define_unknown_imports_as_traps(compiled).map_err(|error| SandboxError::Invalid(error.into()))?;
        Ok(linker.instantiate_pre(compiled).map_err(ContractError::from_linking)?)
    }

    /// Makes an instance and configures it with settings (JSON text).
    ///
    /// # Errors
    ///
    /// [`Refusal::Settings`] where the policy says no, [`Refusal::Trapped`] where it broke a limit.
    pub fn configure(
        &self,
        component: &Component,
        place: &Arc<Place>,
        settings: &str,
    ) -> Result<(Instance, Hooks), Refusal> {
        let _watched = self.shared.watchdog.watch();
        Instance::configure(component, place, settings)
    }

    /// Asks an instance, watched. The instance must not be used again where the reply is a cause.
    pub fn ask(&self, instance: &mut Instance, question: Question) -> Reply {
        let _watched = self.shared.watchdog.watch();
        instance.ask(question)
    }
}
