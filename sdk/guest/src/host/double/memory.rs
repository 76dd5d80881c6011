//! A memory without the host's bounds on the number of keys: what one test remembers stays far below them.

use misrule_engine::limits::{MEMORY_KEY_BYTES, MEMORY_VALUE_BYTES};

use super::call::{Call, trap, with};

fn ask<T>(function: &str, key: &str, ask: impl FnOnce(&mut Call) -> T) -> T {
    if !MEMORY_KEY_BYTES.admits(key.len()) {
        trap(&format!("`{function}`: the key is longer than {MEMORY_KEY_BYTES}"));
    }
    with(|call| {
        let _ = call.invocation(function);
        ask(call)
    })
}

pub(crate) fn add(key: &str, delta: i64) -> i64 {
    ask("memory.add", key, |call| {
        let counter = call.memory.get(key).map_or(Ok([0; 8]), |value| value.as_slice().try_into());
        let counter = counter.unwrap_or_else(|_| trap("`memory.add`: the value is no counter, which has 8 bytes"));
        let sum = i64::from_le_bytes(counter).saturating_add(delta);
        call.memory.insert(key.to_owned(), sum.to_le_bytes().to_vec());
        sum
    })
}

pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
    ask("memory.get", key, |call| call.memory.get(key).cloned())
}

pub(crate) fn set(key: &str, value: &[u8]) {
    if !MEMORY_VALUE_BYTES.admits(value.len()) {
        trap(&format!("`memory.set`: the value is longer than {MEMORY_VALUE_BYTES}"));
    }
    ask("memory.set", key, |call| call.memory.insert(key.to_owned(), value.to_vec()));
}

pub(crate) fn remove(key: &str) {
    ask("memory.remove", key, |call| call.memory.remove(key));
}
