//! The answer, by the engine's own view of it.

use misrule_engine::invocation::{Answer, Document, Unreadable};

use super::call::{trap, with};

fn ask<T>(function: &str, ask: impl FnOnce(&Answer) -> T) -> T {
    with(|call| ask(call.answer(function)))
}

fn ask_readable<T>(function: &str, read: impl FnOnce(&Answer) -> Result<T, Unreadable>) -> T {
    ask(function, |answer| read(answer).unwrap_or_else(|error| trap(&format!("`{function}`: {error}"))))
}

pub(crate) fn answered_at() -> u64 {
    ask("response.answered-at", |answer| answer.answered_at().as_milliseconds())
}

pub(crate) fn failed() -> bool {
    ask("response.failed", Answer::failed)
}

pub(crate) fn error_type() -> Option<String> {
    ask("response.error-type", |answer| answer.error_type().map(str::to_owned))
}

pub(crate) fn status() -> Option<u16> {
    ask_readable("response.status", Answer::status)
}

pub(crate) fn header(name: &str) -> Vec<String> {
    ask_readable("response.header", |answer| answer.header(name))
}

pub(crate) fn streaming() -> bool {
    ask("response.streaming", Answer::streaming)
}

pub(crate) fn body() -> Option<Vec<u8>> {
    ask_readable("response.body", |answer| answer.body().map(|body| body.map(<[u8]>::to_vec)))
}

pub(crate) fn json(document: Document, pointer: &str) -> Option<String> {
    ask_readable("response.json", |answer| answer.json(document, pointer).map(|json| json.map(str::to_owned)))
}

pub(crate) fn text(document: Document, pointer: &str) -> Option<String> {
    ask_readable("response.text", |answer| answer.text(document, pointer))
}

pub(crate) fn number(document: Document, pointer: &str) -> Option<f64> {
    ask_readable("response.number", |answer| answer.number(document, pointer))
}

pub(crate) fn count(document: Document, pointer: &str) -> Option<u32> {
    ask_readable("response.count", |answer| answer.count(document, pointer))
}
