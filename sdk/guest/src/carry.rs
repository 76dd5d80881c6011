//! Hands a plan to the host, a call a step.
//!
//! Each step brings its own call along, so that a component imports no fault but those its policy can ask for: it then
//! also runs on a layer that is older than the newest fault.

use std::time::Duration;

use crate::host::faults;
use crate::{Plan, Step};

/// Makes the call that one step stands for.
pub(crate) type HandOver = fn(&Step);

/// Makes the calls that a plan stands for. Reasons go first, so that they stand even where the host drops the rest.
pub(crate) fn hand_over(plan: &Plan) {
    if let Some(reason) = plan.reason() {
        faults::because(reason);
    }
    if let Some(reason) = plan.forbidden() {
        faults::forbid(reason);
    }
    plan.hand_each_over();
}

macro_rules! calls {
    ($($name:ident: $pattern:pat => $call:expr;)*) => {
        $(pub(crate) fn $name(step: &Step) {
            if let $pattern = step {
                $call;
            }
        })*

        #[cfg(test)]
        const CALLS: &[&str] = &[$(stringify!($name)),*];
    };
}

calls! {
    delay: Step::Delay(duration) => faults::delay(milliseconds(*duration));
    respond_http: Step::RespondHttp { status, headers, body } => faults::respond_http(*status, headers, body);
    return_json: Step::ReturnJson(json) => faults::return_json(json);
    fail: Step::Fail { error_type, message, stack } => faults::fail(error_type, message, stack);
    hang: Step::Hang => faults::hang();
    crash: Step::Crash => faults::crash();
    edit: Step::Edit { document, pointer, value } => faults::edit((*document).into(), pointer, value.as_deref());
    set_header: Step::SetHeader { name, value } => faults::set_header(name, value.as_deref());
    set_status: Step::SetStatus(status) => faults::set_status(*status);
    fail_items: Step::FailItems(ids) => faults::fail_items(ids);
    truncate: Step::Truncate(bytes) => faults::truncate(*bytes);
    garble: Step::Garble(rate) => faults::garble(*rate);
    throttle: Step::Throttle(rate) => faults::throttle(*rate);
    pause: Step::Pause { after_bytes, duration } => faults::pause(*after_bytes, milliseconds(*duration));
    cut: Step::Cut(after_bytes) => faults::cut(*after_bytes);
    break_off: Step::BreakOff { after_bytes, error_type, message } => faults::break_off(*after_bytes, error_type, message);
    fill_disk: Step::FillDisk(bytes) => faults::fill_disk(*bytes);
    hold_memory: Step::HoldMemory(bytes) => faults::hold_memory(*bytes);
    burn_cpu: Step::BurnCpu(duration) => faults::burn_cpu(milliseconds(*duration));
    block_hosts: Step::BlockHosts(names) => faults::block_hosts(names);
}

/// Whole milliseconds, 49 days at most.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::CALLS;

    #[test]
    fn each_fault_of_the_contract_has_its_step() {
        let contract = include_str!("../../wit/policy.wit");
        let faults = contract.split("interface faults {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
        let functions = faults.lines().filter_map(|line| line.trim().split_once(": func(")).map(|(name, _)| name);
        let steps: Vec<_> = functions.filter(|name| !["because", "forbid"].contains(name)).collect();
        assert_eq!(steps, CALLS.iter().map(|name| name.replace('_', "-")).collect::<Vec<_>>());
    }
}
