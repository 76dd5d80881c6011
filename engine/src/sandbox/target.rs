//! What machine code is made for, and by which settings: one place, so that what is compiled ahead and what the layer
//! compiles are the same.

use std::hash::{Hash as _, Hasher};

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine, OptLevel};

/// A platform of Lambda's, at the least that its CPUs can do: Lambda promises no CPU model. For `x86_64` it says "64-bit x86",
/// for `arm64` Graviton2, an Armv8.2 (<https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>). Code for the
/// bare target runs on all of them, and policies have nothing that newer instructions would speed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Intel and AMD.
    X86_64,
    /// Graviton.
    Arm64,
}

impl Target {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// Rust's name, and Cranelift's.
    pub const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// The one that this program runs on; none on a developer's other machine.
    pub const fn here() -> Option<Self> {
        match (cfg!(all(target_os = "linux", target_env = "gnu")), cfg!(target_arch = "x86_64")) {
            (true, true) => Some(Self::X86_64),
            (true, false) if cfg!(target_arch = "aarch64") => Some(Self::Arm64),
            _ => None,
        }
    }
}

/// An engine for a target, or for just this machine.
pub(super) fn engine(target: Option<Target>) -> wasmtime::Result<Engine> {
    let mut config = configuration();
    if let Some(target) = target {
        config.target(target.triple())?;
    }
    Engine::new(&config)
}

/// The folder for images of this engine: two engines have the same one exactly where they make the same code.
pub(super) fn image_folder(target: Option<Target>, engine: &Engine) -> String {
    let mut hasher = Sha256Hasher::default();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let platform = target.map_or("other", Target::triple);
    format!("{platform}-{:016x}", hasher.finish())
}

/// The standard library's own hasher may change from one Rust to the next.
#[derive(Default)]
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// What is contract is marked so: changing it changes decisions.
fn configuration() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    // Contract: the same decision on every machine, and within the same fuel.
    config.consume_fuel(true).cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    config.epoch_interruption(true);
    // rustc has optimised what policies are made of; doing so again doubles the time until one is armed.
    config.cranelift_opt_level(OptLevel::None);
    config.max_wasm_stack(256 * 1024);
    // Every address that a guest can make is reserved, so that none has to be checked: a tenth less to compile. What is
    // reserved is no memory before the guest writes to it, and `GUEST_MEMORY` bounds that.
    config.memory_reservation(1 << 32).memory_may_move(false).memory_guard_size(32 << 20);
    config.memory_reservation_for_growth(0);
    // Nothing here tells the frames of a trap: images are smaller without what that takes.
    config.wasm_backtrace_max_frames(None).generate_address_map(false).native_unwind_info(false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_for_this_platform_is_named_for_it_and_runs_here() {
        let Some(here) = Target::here() else { return };
        let folders = [engine(Some(here)).unwrap(), engine(Some(here)).unwrap()];
        let [one, again] = folders.map(|engine| image_folder(Some(here), &engine));
        assert_eq!(one, again);
        let hash = one.strip_prefix(here.triple()).and_then(|rest| rest.strip_prefix('-')).unwrap();
        assert!(hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{one}");
    }
}
