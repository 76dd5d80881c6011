//! `invocation`: what a policy may see of the event. Asked for, not handed over.

use std::borrow::Cow;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Lower, WasmStr};

use super::{Call, DocumentName, Interface, Size, work};
use crate::invocation::{self, Document, Invocation};

#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Item {
    id: String,
    body: Vec<u8>,
    attempts: Option<u32>,
}

impl From<invocation::Item> for Item {
    fn from(item: invocation::Item) -> Self {
        Self { id: item.id, body: item.body, attempts: item.attempts }
    }
}

impl Size for Item {
    fn size(&self) -> usize {
        self.id.len() + self.body.len()
    }
}

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    head(&mut interface)?;
    http(&mut interface)?;
    json(&mut interface)?;
    batch(&mut interface)
}

/// What Lambda says beside the event: nothing is parsed.
fn head(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("request-id", |call, (): ()| Ok(call.invocation()?.head().request_id.as_str().to_owned()))?;
    interface.function("invoked-arn", |call, (): ()| Ok(call.invocation()?.head().invoked_arn.clone()))?;
    interface.function("started-at", |call, (): ()| Ok(call.invocation()?.head().arrived.as_milliseconds()))?;
    interface.function("deadline", |call, (): ()| Ok(call.invocation()?.head().deadline.as_milliseconds()))?;
    interface.function("sequence", |call, (): ()| Ok(call.invocation()?.head().sequence))?;
    interface.function("trace-id", |call, (): ()| Ok(call.invocation()?.head().trace_id.clone()))?;
    interface.function("tenant-id", |call, (): ()| Ok(call.invocation()?.head().tenant_id.clone()))
}

fn http(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("source", |call, (): ()| Ok(scanned(call)?.source().name().to_owned()))?;
    interface.function("method", |call, (): ()| {
        let method = scanned(call)?.method().map(Cow::into_owned);
        call.give(method)
    })?;
    interface.function("path", |call, (): ()| {
        let path = scanned(call)?.path().map(Cow::into_owned);
        call.give(path)
    })?;
    interface.function("header", |call, (name,): (WasmStr,)| {
        let name = call.text(&name)?;
        let values = scanned(call)?.header(&name);
        call.give(values)
    })?;
    interface.function("query", |call, (name,): (WasmStr,)| {
        let name = call.text(&name)?;
        let values = scanned(call)?.query(&name);
        call.give(values)
    })?;
    interface.function("body", |call, (): ()| {
        let body = scanned(call)?.body().map(Cow::into_owned);
        call.give(body)
    })
}

fn json(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("json", |call, (document, at): (DocumentName, WasmStr)| {
        let (invocation, document, at) = lookup(call, document, &at)?;
        call.give(invocation.json(document, &at).map(str::to_owned))
    })?;
    interface.function("text", |call, (document, at): (DocumentName, WasmStr)| {
        let (invocation, document, at) = lookup(call, document, &at)?;
        call.give(invocation.text(document, &at))
    })?;
    interface.function("number", |call, (document, at): (DocumentName, WasmStr)| {
        let (invocation, document, at) = lookup(call, document, &at)?;
        Ok(invocation.number(document, &at))
    })?;
    interface.function("count", |call, (document, at): (DocumentName, WasmStr)| {
        let (invocation, document, at) = lookup(call, document, &at)?;
        Ok(invocation.count(document, &at))
    })
}

fn batch(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("batch-size", |call, (): ()| Ok(scanned(call)?.batch_size()))?;
    interface.function("batch-item", |call, (index,): (u32,)| {
        let item = scanned(call)?.batch_item(index).map(Item::from);
        call.give(item)
    })
}

/// The invocation, once scanning its event is paid for.
fn scanned(call: &mut Call<'_>) -> Result<Arc<Invocation>> {
    let invocation = call.invocation()?;
    call.charge_bytes(invocation.event().len(), work::SCANNED_BYTES)?;
    Ok(invocation)
}

fn lookup(call: &mut Call<'_>, document: DocumentName, at: &WasmStr) -> Result<(Arc<Invocation>, Document, String)> {
    let at = call.text(at)?;
    Ok((scanned(call)?, document.into(), at))
}
