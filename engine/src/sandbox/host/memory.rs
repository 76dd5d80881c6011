//! `memory`: what a policy remembers between invocations.

use wasmtime::Result;
use wasmtime::component::{WasmList, WasmStr};

use super::{Call, Interface};
use crate::limits;
use crate::policy::Transaction;
use crate::sandbox::Cause;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("add", |call, (key, delta): (WasmStr, i64)| {
        let key = key_of(call, &key)?;
        let sum = transaction(call)?.add(key, delta);
        sum.map_err(|error| Cause::Contract(error.to_string()).into())
    })?;
    interface.function("get", |call, (key,): (WasmStr,)| {
        let key = key_of(call, &key)?;
        let value = transaction(call)?.get(key);
        call.give(value)
    })?;
    interface.procedure("set", |call, (key, value): (WasmStr, WasmList<u8>)| {
        let key = key_of(call, &key)?;
        let value = call.bytes(&value)?;
        if !limits::MEMORY_VALUE_BYTES.admits(value.len()) {
            return Err(too_large(&limits::MEMORY_VALUE_BYTES, value.len()));
        }
        transaction(call)?.set(key, value);
        Ok(())
    })?;
    interface.procedure("remove", |call, (key,): (WasmStr,)| {
        let key = key_of(call, &key)?;
        transaction(call)?.remove(key);
        Ok(())
    })
}

fn transaction<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Transaction> {
    call.hook("memory").map(|hook| &mut hook.memory)
}

fn key_of(call: &mut Call<'_>, key: &WasmStr) -> Result<String> {
    call.hook("memory")?;
    let key = call.text(key)?;
    if limits::MEMORY_KEY_BYTES.admits(key.len()) {
        Ok(key)
    } else {
        Err(too_large(&limits::MEMORY_KEY_BYTES, key.len()))
    }
}

fn too_large(limit: &limits::Limit, bytes: usize) -> wasmtime::Error {
    Cause::Contract(format!("{} is {bytes} bytes, more than {}", limit.name, limit.value)).into()
}
