//! The answer, by the engine's own view of it. No hook flag lets a body be read yet.

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

pub(crate) fn json(_: Document, _: &str) -> Option<String> {
    of_the_body("response.json")
}

pub(crate) fn text(_: Document, _: &str) -> Option<String> {
    of_the_body("response.text")
}

pub(crate) fn number(_: Document, _: &str) -> Option<f64> {
    of_the_body("response.number")
}

pub(crate) fn count(_: Document, _: &str) -> Option<u32> {
    of_the_body("response.count")
}

/// Where it may be asked for, the answer is streamed, and there is none yet.
fn of_the_body<T>(function: &str) -> Option<T> {
    ask_readable(function, |answer| answer.body().map(|_| None))
}
