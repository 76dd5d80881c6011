//! The event, by the engine's own view of it.

use misrule_engine::invocation::Invocation;

use super::call::with;

pub(crate) use misrule_engine::invocation::{Document, Item};

fn ask<T>(function: &str, ask: impl FnOnce(&Invocation) -> T) -> T {
    with(|call| ask(call.invocation(function)))
}

pub(crate) fn source() -> String {
    ask("invocation.source", |invocation| invocation.source().name().to_owned())
}

pub(crate) fn request_id() -> String {
    ask("invocation.request-id", |invocation| invocation.head().request_id.to_string())
}

pub(crate) fn invoked_arn() -> String {
    ask("invocation.invoked-arn", |invocation| invocation.head().invoked_arn.clone())
}

pub(crate) fn started_at() -> u64 {
    ask("invocation.started-at", |invocation| invocation.head().arrived.as_milliseconds())
}

pub(crate) fn deadline() -> u64 {
    ask("invocation.deadline", |invocation| invocation.head().deadline.as_milliseconds())
}

pub(crate) fn sequence() -> u64 {
    ask("invocation.sequence", |invocation| invocation.head().sequence)
}

pub(crate) fn trace_id() -> Option<String> {
    ask("invocation.trace-id", |invocation| invocation.head().trace_id.clone())
}

pub(crate) fn tenant_id() -> Option<String> {
    ask("invocation.tenant-id", |invocation| invocation.head().tenant_id.clone())
}

pub(crate) fn method() -> Option<String> {
    ask("invocation.method", |invocation| invocation.method().map(|method| method.to_string()))
}

pub(crate) fn path() -> Option<String> {
    ask("invocation.path", |invocation| invocation.path().map(|path| path.to_string()))
}

pub(crate) fn header(name: &str) -> Vec<String> {
    ask("invocation.header", |invocation| invocation.header(name))
}

pub(crate) fn query(name: &str) -> Vec<String> {
    ask("invocation.query", |invocation| invocation.query(name))
}

pub(crate) fn body() -> Option<Vec<u8>> {
    ask("invocation.body", |invocation| invocation.body().map(|body| body.to_vec()))
}

pub(crate) fn json(document: Document, pointer: &str) -> Option<String> {
    ask("invocation.json", |invocation| invocation.json(document, pointer).map(str::to_owned))
}

pub(crate) fn text(document: Document, pointer: &str) -> Option<String> {
    ask("invocation.text", |invocation| invocation.text(document, pointer))
}

pub(crate) fn number(document: Document, pointer: &str) -> Option<f64> {
    ask("invocation.number", |invocation| invocation.number(document, pointer))
}

pub(crate) fn count(document: Document, pointer: &str) -> Option<u32> {
    ask("invocation.count", |invocation| invocation.count(document, pointer))
}

pub(crate) fn batch_size() -> u32 {
    ask("invocation.batch-size", Invocation::batch_size)
}

pub(crate) fn batch_item(index: u32) -> Option<Item> {
    ask("invocation.batch-item", |invocation| invocation.batch_item(index))
}
