//! `matching`: patterns, compiled once and kept.

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Call, Interface, work};

type Captures = Option<Vec<(String, String)>>;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("regex", |call, (pattern, text): (WasmStr, WasmStr)| {
        let (pattern, text) = pay(call, &pattern, &text)?;
        Ok(call.state().patterns.regex(&pattern, &text).map_err(|error| error.to_string()))
    })?;
    interface.function("path", |call, (template, path): (WasmStr, WasmStr)| {
        let (template, path) = pay(call, &template, &path)?;
        let captures: std::result::Result<Captures, String> =
            call.state().patterns.path(&template, &path).map_err(|error| error.to_string());
        Ok(captures)
    })
}

/// Pattern and text, once compiling and matching are paid for: also where the pattern happens to be cached.
fn pay(call: &mut Call<'_>, pattern: &WasmStr, text: &WasmStr) -> Result<(String, String)> {
    let (pattern, text) = (call.text(pattern)?, call.text(text)?);
    call.charge(work::PATTERN_BYTE * pattern.len() as u64 + work::MATCHED_BYTE * text.len() as u64)?;
    Ok((pattern, text))
}
