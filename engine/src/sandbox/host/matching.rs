//! `matching`: patterns, compiled once and kept.

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Call, Interface, work};
use crate::matching::{PatternCache, PatternError};

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("regex", |call, (pattern, text): (WasmStr, WasmStr)| {
        pay(call, &pattern, &text)?;
        look(call, &pattern, &text, PatternCache::regex)
    })?;
    interface.function("path", |call, (template, path): (WasmStr, WasmStr)| {
        pay(call, &template, &path)?;
        look(call, &template, &path, PatternCache::path)
    })
}

/// Pays for compiling and matching: also where the pattern happens to be cached.
fn pay(call: &mut Call<'_>, pattern: &WasmStr, text: &WasmStr) -> Result<()> {
    let (pattern, text) = (call.take_text(pattern)?, call.take_text(text)?);
    call.charge(work::PATTERN_BYTE * pattern as u64 + work::MATCHED_BYTE * text as u64)
}

/// Matches the texts where they lie in the guest. The cache leaves the store meanwhile, which they borrow.
fn look<T>(
    call: &mut Call<'_>,
    pattern: &WasmStr,
    text: &WasmStr,
    matches: impl FnOnce(&mut PatternCache, &str, &str) -> std::result::Result<T, PatternError>,
) -> Result<std::result::Result<T, String>> {
    let mut patterns = std::mem::take(&mut call.state().patterns);
    let found = matches(&mut patterns, &pattern.to_str(&call.store)?, &text.to_str(&call.store)?);
    call.state().patterns = patterns;
    Ok(found.map_err(|error| error.to_string()))
}
