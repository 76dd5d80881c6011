//! Hosting policies: a narrow wrapper round wasmtime. Nothing outside this folder names one of its types.
//!
//! A [`Sandbox`] compiles a [`Component`]; an [`Instance`] of it is configured once and then asked about invocations.
//! What a guest may ask for is linked in `host`, one file for each interface of the contract.

mod cause;
mod contract;
mod host;
mod instance;
mod memory_limit;
mod state;
mod watchdog;

use std::sync::Arc;

pub use cause::Cause;
pub use contract::ContractError;
pub use instance::{Hooks, Instance, Refusal};
pub use state::{Place, Question, Reply, Wishes};

use crate::digest::Digest;
use crate::limits;
use state::State;
use wasmtime::component::Linker;
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

/// One WebAssembly engine with the contract's functions linked and a watchdog beside it. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    watchdog: Watchdog,
}

/// A compiled component, ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    digest: Digest,
    ready: wasmtime::component::InstancePre<State>,
}

impl Component {
    /// The digest of the bytes it was compiled from.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Sandbox {
    /// Starts the host and its watchdog thread, which sleeps unless a guest runs.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Start`] where the machine refuses, for example for want of memory.
    pub fn new() -> Result<Self, SandboxError> {
        let engine = wasmtime::Engine::new(&configuration()).map_err(|error| SandboxError::Start(error.into()))?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker).map_err(|error| SandboxError::Start(error.into()))?;
        let watchdog = Watchdog::start(engine.weak()).map_err(|error| SandboxError::Start(error.into()))?;
        Ok(Self { shared: Arc::new(Shared { engine, linker, watchdog }) })
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
        let compiled = wasmtime::component::Component::from_binary(&self.shared.engine, bytes)
            .map_err(|error| SandboxError::Invalid(error.into()))?;
        contract::check_world(&self.shared.engine, &compiled)?;
        let mut linker = self.shared.linker.clone();
        // WASI imports that are never called may stand: they trap.
        linker.define_unknown_imports_as_traps(&compiled).map_err(|error| SandboxError::Invalid(error.into()))?;
        let ready = linker.instantiate_pre(&compiled).map_err(ContractError::from_linking)?;
        Ok(Component { digest: Digest::of(bytes), ready })
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

/// What is contract is marked so: changing it changes decisions.
fn configuration() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true);
    // Contract: the same decision on every machine, and within the same fuel.
    config.consume_fuel(true).cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(256 * 1024);
    // One small reservation for each memory that never moves: no gigabytes of address space in a small function.
    config.memory_reservation(limits::GUEST_MEMORY.value).memory_may_move(false).memory_guard_size(64 * 1024);
    config.memory_reservation_for_growth(0);
    config
}
