//! Holds a plan against the contract's rules. The plan itself is what the hook returned.

use misrule_engine::decision::{FaultKind, HttpAnswer, Step};
use misrule_engine::invocation::{AnswerForm, Document};

use super::call::{trap, with};

fn ask(kind: FaultKind) {
    with(|call| {
        let (hook, form) = call.hook(kind.name());
        if let Some(last) = call.ended_by {
            trap(&format!("`{kind}` after `{last}`, which ends a plan"));
        }
        if !kind.may_be_asked(form) {
            let answer = form.map(AnswerForm::of_which).unwrap_or_default();
            trap(&format!("`{kind}` may not be asked for in `{hook}`{answer}"));
        }
        call.ended_by = kind.is_final().then_some(kind);
    });
}

/// Asks for a step whose words have to be legal.
fn ask_for(step: &Step) {
    let kind = step.kind();
    ask(kind);
    let hook = with(|call| call.hook(kind.name()).0);
    if let Err(illegal) = step.check(hook) {
        trap(&format!("`{kind}` {illegal}"));
    }
}

pub(crate) fn because(_: &str) {
    with(|call| call.hook("because"));
}

pub(crate) fn forbid(_: &str) {
    with(|call| call.hook("forbid"));
}

pub(crate) fn delay(_: u32) {
    ask(FaultKind::Delay);
}

pub(crate) fn respond_http(status: u16, headers: &[(String, String)], body: &[u8]) {
    ask(FaultKind::RespondHttp);
    if let Err(illegal) = HttpAnswer::new(status, headers.to_vec(), body.to_vec()) {
        trap(&format!("`respond-http` {illegal}"));
    }
}

pub(crate) fn return_json(json: &str) {
    ask_for(&Step::ReturnJson(json.to_owned()));
}

pub(crate) fn fail(_: &str, _: &str, _: &[String]) {
    ask(FaultKind::Fail);
}

pub(crate) fn hang() {
    ask(FaultKind::Hang);
}

pub(crate) fn crash() {
    ask(FaultKind::Crash);
}

pub(crate) fn edit(document: Document, pointer: &str, value: Option<&str>) {
    ask_for(&Step::Edit { document, pointer: pointer.to_owned(), value: value.map(str::to_owned) });
}

pub(crate) fn set_header(name: &str, value: Option<&str>) {
    ask_for(&Step::SetHeader { name: name.to_owned(), value: value.map(str::to_owned) });
}

pub(crate) fn set_status(_: u16) {
    ask(FaultKind::SetStatus);
}

pub(crate) fn fail_items(_: &[String]) {
    ask(FaultKind::FailItems);
}

pub(crate) fn truncate(_: u32) {
    ask(FaultKind::Truncate);
}

pub(crate) fn garble(_: f64) {
    ask(FaultKind::Garble);
}

pub(crate) fn throttle(_: u32) {
    ask(FaultKind::Throttle);
}

pub(crate) fn pause(_: u64, _: u32) {
    ask(FaultKind::Pause);
}

pub(crate) fn cut(_: u64) {
    ask(FaultKind::Cut);
}

pub(crate) fn break_off(_: u64, _: &str, _: &str) {
    ask(FaultKind::BreakOff);
}

pub(crate) fn fill_disk(_: u64) {
    ask(FaultKind::FillDisk);
}

pub(crate) fn hold_memory(_: u64) {
    ask(FaultKind::HoldMemory);
}

pub(crate) fn burn_cpu(_: u32) {
    ask(FaultKind::BurnCpu);
}

pub(crate) fn block_hosts(_: &[String]) {
    ask(FaultKind::BlockHosts);
}
