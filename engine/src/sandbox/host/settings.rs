//! `settings`: the settings under `configure`, looked up by pointer.

use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Lower, WasmStr};

use super::{Call, Interface, out_of_place, work};
use crate::invocation::json;
use crate::sandbox::state::Phase;

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum Kind {
    #[component(name = "null")]
    Null,
    #[component(name = "boolean")]
    Boolean,
    #[component(name = "number")]
    Number,
    #[component(name = "text")]
    Text,
    #[component(name = "array")]
    Array,
    #[component(name = "object")]
    Object,
}

impl From<json::Kind> for Kind {
    fn from(kind: json::Kind) -> Self {
        match kind {
            json::Kind::Null => Self::Null,
            json::Kind::Boolean => Self::Boolean,
            json::Kind::Number => Self::Number,
            json::Kind::Text => Self::Text,
            json::Kind::Array => Self::Array,
            json::Kind::Object => Self::Object,
        }
    }
}

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("kind", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        Ok(json::at(settings.as_bytes(), &at).and_then(json::kind).map(Kind::from))
    })?;
    interface.function("boolean", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        Ok(json::at(settings.as_bytes(), &at).and_then(json::boolean))
    })?;
    interface.function("number", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        Ok(json::at(settings.as_bytes(), &at).and_then(json::number))
    })?;
    interface.function("text", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        call.give(json::at(settings.as_bytes(), &at).and_then(json::text))
    })?;
    interface.function("count", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        Ok(json::at(settings.as_bytes(), &at).and_then(json::count))
    })?;
    interface.function("members", |call, (at,): (WasmStr,)| {
        let (settings, at) = lookup(call, &at)?;
        call.give(json::at(settings.as_bytes(), &at).map(json::members).unwrap_or_default())
    })
}

/// The settings and the pointer, once the scan is paid for.
fn lookup(call: &mut Call<'_>, at: &WasmStr) -> Result<(Arc<str>, String)> {
    let Phase::Configure(settings) = &call.state().phase else {
        return Err(out_of_place("settings", "outside `configure`"));
    };
    let settings = Arc::clone(settings);
    call.charge_bytes(settings.len(), work::SCANNED_BYTES)?;
    Ok((settings, call.text(at)?))
}
