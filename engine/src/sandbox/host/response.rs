//! `response`: what the handler answered. A buffered answer lives in its body, which this version does not buffer, so of it
//! only time, failure and kind may be read; a streamed one has its HTTP prelude.

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Call, DocumentName, Interface, out_of_place};
use crate::invocation::Answer;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface
        .function("answered-at", |call, (): ()| Ok(answer(call, "answered-at")?.answered_at().as_milliseconds()))?;
    interface.function("failed", |call, (): ()| Ok(answer(call, "failed")?.failed()))?;
    interface.function("streaming", |call, (): ()| Ok(answer(call, "streaming")?.streaming()))?;
    interface.function("error-type", |call, (): ()| {
        let error_type = answer(call, "error-type")?.error_type().map(str::to_owned);
        call.give(error_type)
    })?;
    interface.function("status", |call, (): ()| answer(call, "status")?.status().map_err(|_| unreadable("status")))?;
    interface.function("header", |call, (name,): (WasmStr,)| {
        let name = call.text(&name)?;
        let values = answer(call, "header")?.header(&name).map_err(|_| unreadable("header"))?;
        call.give(values)
    })?;
    body(&mut interface)
}

/// A streamed answer has no body yet.
fn body(interface: &mut Interface<'_>) -> Result<()> {
    interface.function("body", |call, (): ()| no_body::<Vec<u8>>(call, "body"))?;
    interface.function("json", |call, _: (DocumentName, WasmStr)| no_body::<String>(call, "json"))?;
    interface.function("text", |call, _: (DocumentName, WasmStr)| no_body::<String>(call, "text"))?;
    interface.function("number", |call, _: (DocumentName, WasmStr)| no_body::<f64>(call, "number"))?;
    interface.function("count", |call, _: (DocumentName, WasmStr)| no_body::<u32>(call, "count"))
}

fn no_body<T>(call: &mut Call<'_>, function: &str) -> Result<Option<T>> {
    answer(call, function)?.body().map(|_| None).map_err(|_| unreadable(function))
}

fn answer<'a>(call: &'a mut Call<'_>, function: &str) -> Result<&'a Answer> {
    let function = format!("response.{function}");
    let answer = call.hook(&function)?.answer.as_deref();
    answer.ok_or_else(|| out_of_place(&function, "in `before`"))
}

fn unreadable(function: &str) -> wasmtime::Error {
    out_of_place(&format!("response.{function}"), "for a buffered answer without the hook flag `answer-body`")
}
