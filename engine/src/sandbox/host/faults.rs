//! `faults`: each call adds one step to the hook's plan. Nothing is carried out here.

use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::{WasmList, WasmStr};

use super::logging::bounded;
use super::{Call, DocumentName, ITEM_BYTES, Interface, work};
use crate::decision::{FunctionError, HttpAnswer, Step};
use crate::invocation::AnswerForm;
use crate::limits;
use crate::sandbox::Cause;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    reasons(&mut interface)?;
    answers(&mut interface)?;
    edits(&mut interface)?;
    streams(&mut interface)?;
    resources(&mut interface)
}

/// No steps: allowed in both hooks, also after a final step.
fn reasons(interface: &mut Interface<'_>) -> Result<()> {
    interface.procedure("because", |call, (reason,): (WasmStr,)| {
        let reason = bounded(call.text(&reason)?);
        call.hook("because")?.wishes.because = Some(reason);
        Ok(())
    })?;
    interface.procedure("forbid", |call, (reason,): (WasmStr,)| {
        let reason = bounded(call.text(&reason)?);
        call.hook("forbid")?.wishes.forbid = Some(reason);
        Ok(())
    })
}

fn answers(interface: &mut Interface<'_>) -> Result<()> {
    interface
        .procedure("delay", |call, (milliseconds,): (u32,)| add(call, Step::Delay(milliseconds_of(milliseconds))))?;
    interface.procedure(
        "respond-http",
        |call, (status, headers, body): (u16, WasmList<(WasmStr, WasmStr)>, WasmList<u8>)| {
            let headers = pairs(call, &headers)?;
            let body = call.bytes(&body)?;
            let answer = HttpAnswer::new(status, headers, body);
            let answer = answer.map_err(|illegal| Cause::Contract(format!("`respond-http` {illegal}")))?;
            add(call, Step::RespondHttp(answer))
        },
    )?;
    interface.procedure("return-json", |call, (json,): (WasmStr,)| {
        let json = call.text(&json)?;
        add(call, Step::ReturnJson(json))
    })?;
    interface.procedure("fail", |call, (error_type, message, stack): (WasmStr, WasmStr, WasmList<WasmStr>)| {
        let (error_type, message) = (call.text(&error_type)?, call.text(&message)?);
        let stack = call.texts(&stack)?;
        add(call, Step::Fail(FunctionError { error_type, message, stack }))
    })?;
    interface.procedure("hang", |call, (): ()| add(call, Step::Hang))?;
    interface.procedure("crash", |call, (): ()| add(call, Step::Crash))
}

fn edits(interface: &mut Interface<'_>) -> Result<()> {
    interface.procedure("edit", |call, (document, pointer, value): (DocumentName, WasmStr, Option<WasmStr>)| {
        let (pointer, value) = (call.text(&pointer)?, call.optional_text(value.as_ref())?);
        add(call, Step::Edit { document: document.into(), pointer, value })
    })?;
    interface.procedure("set-header", |call, (name, value): (WasmStr, Option<WasmStr>)| {
        let (name, value) = (call.text(&name)?, call.optional_text(value.as_ref())?);
        add(call, Step::SetHeader { name, value })
    })?;
    interface.procedure("set-status", |call, (status,): (u16,)| add(call, Step::SetStatus(status)))?;
    interface.procedure("fail-items", |call, (ids,): (WasmList<WasmStr>,)| {
        let ids = call.texts(&ids)?;
        add(call, Step::FailItems(ids))
    })?;
    interface.procedure("truncate", |call, (bytes,): (u32,)| add(call, Step::Truncate(bytes)))?;
    interface.procedure("garble", |call, (rate,): (f64,)| add(call, Step::Garble(rate)))
}

fn streams(interface: &mut Interface<'_>) -> Result<()> {
    interface.procedure("throttle", |call, (bytes_per_second,): (u32,)| add(call, Step::Throttle(bytes_per_second)))?;
    interface.procedure("pause", |call, (after_bytes, milliseconds): (u64, u32)| {
        add(call, Step::Pause { after_bytes, duration: milliseconds_of(milliseconds) })
    })?;
    interface.procedure("cut", |call, (after_bytes,): (u64,)| add(call, Step::Cut(after_bytes)))?;
    interface.procedure("break-off", |call, (after_bytes, error_type, message): (u64, WasmStr, WasmStr)| {
        let (error_type, message) = (call.text(&error_type)?, call.text(&message)?);
        add(call, Step::BreakOff { after_bytes, error_type, message })
    })
}

fn resources(interface: &mut Interface<'_>) -> Result<()> {
    interface.procedure("fill-disk", |call, (bytes,): (u64,)| add(call, Step::FillDisk(bytes)))?;
    interface.procedure("hold-memory", |call, (bytes,): (u64,)| add(call, Step::HoldMemory(bytes)))?;
    interface.procedure("burn-cpu", |call, (milliseconds,): (u32,)| {
        add(call, Step::BurnCpu(milliseconds_of(milliseconds)))
    })?;
    interface.procedure("block-hosts", |call, (names,): (WasmList<WasmStr>,)| {
        let names = call.texts(&names)?;
        add(call, Step::BlockHosts(names))
    })
}

fn milliseconds_of(milliseconds: u32) -> Duration {
    Duration::from_millis(u64::from(milliseconds))
}

fn pairs(call: &mut Call<'_>, handed: &WasmList<(WasmStr, WasmStr)>) -> Result<Vec<(String, String)>> {
    call.take(handed.len().saturating_mul(2 * ITEM_BYTES))?;
    let items: Vec<(WasmStr, WasmStr)> = handed.iter(&mut call.store)?.collect::<Result<_>>()?;
    items.iter().map(|(name, value)| Ok((call.text(name)?, call.text(value)?))).collect()
}

/// Adds a step where the hook may take it, it is legal, no final step stands before it, and the plan stays within its limits.
fn add(call: &mut Call<'_>, step: Step) -> Result<()> {
    let kind = step.kind();
    let hook = call.hook(kind.name())?;
    let form = hook.answer.as_ref().map(|answer| answer.form());
    if !kind.may_be_asked(form) {
        let answer = form.map(AnswerForm::of_which).unwrap_or_default();
        return Err(Cause::Contract(format!("`{kind}` may not be asked for in `{}`{answer}", hook.hook)).into());
    }
    if hook.wishes.steps.last().is_some_and(|last| last.kind().is_final()) {
        return Err(Cause::Contract(format!("`{kind}` after a final step")).into());
    }
    let asked_in = hook.hook;
    call.charge_bytes(step.bytes(), work::SCANNED_BYTES)?;
    step.check(asked_in).map_err(|illegal| Cause::Contract(format!("`{kind}` {illegal}")))?;
    let hook = call.hook(kind.name())?;
    hook.plan_bytes = hook.plan_bytes.saturating_add(step.bytes());
    if !limits::PLAN_BYTES.admits(hook.plan_bytes) || !limits::PLAN_STEPS.admits(hook.wishes.steps.len() + 1) {
        return Err(Cause::Plan.into());
    }
    hook.wishes.steps.push(step);
    Ok(())
}
