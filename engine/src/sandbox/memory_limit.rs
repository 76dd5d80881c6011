//! How much memory a guest may have, and whether it asked for more.

use wasmtime::ResourceLimiter;

use crate::limits;

/// Bounds a guest's memories and tables, and remembers a refusal: the guest's own abort looks like a panic.
#[derive(Debug, Default)]
pub(super) struct MemoryLimit {
    /// Whether growth was refused since the flag was last cleared.
    pub(super) refused: bool,
}

/// Table entries of one component; a Rust guest has under a hundred.
const TABLE_ELEMENTS: usize = 20_000;

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = limits::GUEST_MEMORY.admits(desired);
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = desired <= TABLE_ELEMENTS;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }

    fn instances(&self) -> usize {
        16
    }
}
