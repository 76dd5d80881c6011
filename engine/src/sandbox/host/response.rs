//! `response`: what the handler answered. A buffered answer lives in its body, so without `answer-body` only time, failure
//! and kind of it may be read; a streamed one has its HTTP prelude.

use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Call, DocumentName, Interface, out_of_place, work};
use crate::invocation::{Answer, Document, Unreadable};

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    head(&mut interface)?;
    http(&mut interface)?;
    json(&mut interface)
}

/// What is known before the body: nothing is parsed.
fn head(interface: &mut Interface<'_>) -> Result<()> {
    interface
        .function("answered-at", |call, (): ()| Ok(answer(call, "answered-at")?.answered_at().as_milliseconds()))?;
    interface.function("failed", |call, (): ()| Ok(answer(call, "failed")?.failed()))?;
    interface.function("streaming", |call, (): ()| Ok(answer(call, "streaming")?.streaming()))?;
    interface.function("error-type", |call, (): ()| {
        let error_type = answer(call, "error-type")?.error_type().map(str::to_owned);
        call.give(error_type)
    })
}

fn http(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("status", |call, (): ()| {
        let answer = scanned(call, "status")?;
        readable("status", answer.status())
    })?;
    interface.function("header", |call, (name,): (WasmStr,)| {
        let name = call.text(&name)?;
        let answer = scanned(call, "header")?;
        let values = readable("header", answer.header(&name))?;
        call.give(values)
    })?;
    interface.function("body", |call, (): ()| {
        let answer = scanned(call, "body")?;
        let body = readable("body", answer.body())?.map(<[u8]>::to_vec);
        call.give(body)
    })
}

fn json(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("json", |call, (document, at): (DocumentName, WasmStr)| {
        let (answer, document, at) = lookup(call, "json", document, &at)?;
        let found = readable("json", answer.json(document, &at))?.map(str::to_owned);
        call.give(found)
    })?;
    interface.function("text", |call, (document, at): (DocumentName, WasmStr)| {
        let (answer, document, at) = lookup(call, "text", document, &at)?;
        let found = readable("text", answer.text(document, &at))?;
        call.give(found)
    })?;
    interface.function("number", |call, (document, at): (DocumentName, WasmStr)| {
        let (answer, document, at) = lookup(call, "number", document, &at)?;
        readable("number", answer.number(document, &at))
    })?;
    interface.function("count", |call, (document, at): (DocumentName, WasmStr)| {
        let (answer, document, at) = lookup(call, "count", document, &at)?;
        readable("count", answer.count(document, &at))
    })
}

fn answer(call: &mut Call<'_>, function: &str) -> Result<Arc<Answer>> {
    let function = format!("response.{function}");
    let answer = call.hook(&function)?.answer.clone();
    answer.ok_or_else(|| out_of_place(&function, "in `before`"))
}

/// The answer, once scanning what is kept of it is paid for.
fn scanned(call: &mut Call<'_>, function: &str) -> Result<Arc<Answer>> {
    let answer = answer(call, function)?;
    call.charge_bytes(answer.size(), work::SCANNED_BYTES)?;
    Ok(answer)
}

fn lookup(
    call: &mut Call<'_>,
    function: &str,
    document: DocumentName,
    at: &WasmStr,
) -> Result<(Arc<Answer>, Document, String)> {
    let at = call.text(at)?;
    Ok((scanned(call, function)?, document.into(), at))
}

fn readable<T>(function: &str, read: Result<T, Unreadable>) -> Result<T> {
    let place = "for a buffered answer without the hook flag `answer-body`";
    read.map_err(|_| out_of_place(&format!("response.{function}"), place))
}
