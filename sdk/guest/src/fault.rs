//! The catalogue of faults.

use std::time::Duration;

use crate::{Document, Plan, Step, carry};

/// The catalogue of faults. Each makes a [`Plan`] of one step; [`Plan::then`] joins them.
///
/// | hook | faults it may ask for |
/// | --- | --- |
/// | `before` | delay, respond, return_json, fail, hang, crash, edit, remove, set_header, remove_header, fail_items, fill_disk, hold_memory, burn_cpu, block_hosts |
/// | `after` | delay, fail, hang; with [`Hooks::ANSWER_BODY`](crate::Hooks::ANSWER_BODY) also respond, return_json, edit, remove, set_header, remove_header, set_status, truncate, garble, fail_items |
/// | `after`, of a streamed answer | delay, throttle, pause, cut, break_off |
///
/// Anything else makes the host throw the plan away.
#[derive(Debug)]
pub enum Fault {}

impl Fault {
    /// Hold the event (before) or the answer (after) back, by the millisecond; 49 days at most.
    pub fn delay(duration: Duration) -> Plan {
        Plan::of(carry::delay, Step::Delay(whole(duration)))
    }

    /// Final. Answer in the caller's own HTTP shape, with [`Plan::header`] and [`Plan::body`]. Dropped where the event is
    /// no HTTP request. What is no legal answer (RFC 9110) ends the hook: a status outside 100 to 599, a header's name that
    /// is no token, a control character in a value, a body with status 1xx, 204 or 304; so do the headers `connection`,
    /// `content-length` and `transfer-encoding`, which are computed from the answer.
    pub fn respond(status: u16) -> Plan {
        Plan::of(carry::respond_http, Step::RespondHttp { status, headers: Vec::new(), body: Vec::new() })
    }

    /// Final. Answer with this JSON text, whatever the event is. What is no JSON ends the hook.
    pub fn return_json(json: impl Into<String>) -> Plan {
        Plan::of(carry::return_json, Step::ReturnJson(json.into()))
    }

    /// Final. Report a function error, with [`Plan::frame`] for its stack trace.
    pub fn fail(error_type: impl Into<String>, message: impl Into<String>) -> Plan {
        Plan::of(carry::fail, Step::Fail { error_type: error_type.into(), message: message.into(), stack: Vec::new() })
    }

    /// Final. Never answer: Lambda times the invocation out.
    pub fn hang() -> Plan {
        Plan::of(carry::hang, Step::Hang)
    }

    /// Final. Make the runtime exit, as a crash would: Lambda reports `Runtime.ExitError` and starts the environment again.
    pub fn crash() -> Plan {
        Plan::of(carry::crash, Step::Crash)
    }

    /// Put this JSON text at the pointer (RFC 6901), in the event (before) or the answer (after). A member that is not there
    /// yet is added to its object, and `-` adds an element to an array; where the pointer leads nowhere, the step is dropped
    /// and logged. What is no JSON, or no pointer, ends the hook.
    pub fn edit(document: Document, pointer: impl Into<String>, json: impl Into<String>) -> Plan {
        Plan::of(carry::edit, Step::Edit { document, pointer: pointer.into(), value: Some(json.into()) })
    }

    /// Remove what stands at the pointer. Dropped and logged where nothing does.
    pub fn remove(document: Document, pointer: impl Into<String>) -> Plan {
        Plan::of(carry::edit, Step::Edit { document, pointer: pointer.into(), value: None })
    }

    /// Set a header of the event (before) or the answer (after) to one value, whatever the case of its name. Dropped where
    /// the event is no HTTP request. What is no header (RFC 9110) ends the hook.
    pub fn set_header(name: impl Into<String>, value: impl Into<String>) -> Plan {
        Plan::of(carry::set_header, Step::SetHeader { name: name.into(), value: Some(value.into()) })
    }

    /// Remove a header. Dropped and logged where there is none.
    pub fn remove_header(name: impl Into<String>) -> Plan {
        Plan::of(carry::set_header, Step::SetHeader { name: name.into(), value: None })
    }

    /// Change the answer's status. A status outside 100 to 599 ends the hook.
    pub fn set_status(status: u16) -> Plan {
        Plan::of(carry::set_status, Step::SetStatus(status))
    }

    /// Report these records of the batch as failed, beside those that the handler reports. The handler gets the whole batch
    /// unless the experiment says `partial_batches`: then, asked for in `before`, it does not get these.
    pub fn fail_items(ids: impl IntoIterator<Item = impl Into<String>>) -> Plan {
        Plan::of(carry::fail_items, Step::FailItems(ids.into_iter().map(Into::into).collect()))
    }

    /// Cut the answer's decoded body to this many bytes; a text before a character that would be cut in half.
    pub fn truncate(bytes: u32) -> Plan {
        Plan::of(carry::truncate, Step::Truncate(bytes))
    }

    /// Overwrite this share (0 to 1, else the hook ends) of the answer's decoded body with noise: printable ASCII in a text.
    pub fn garble(rate: f64) -> Plan {
        Plan::of(carry::garble, Step::Garble(rate))
    }

    /// Let a streamed answer through at this many bytes a second. Offsets and rates count its payload, behind the prelude.
    pub fn throttle(bytes_per_second: u32) -> Plan {
        Plan::of(carry::throttle, Step::Throttle(bytes_per_second))
    }

    /// Stop a streamed answer for a while, after this many bytes.
    pub fn pause(after_bytes: u64, duration: Duration) -> Plan {
        Plan::of(carry::pause, Step::Pause { after_bytes, duration: whole(duration) })
    }

    /// End a streamed answer after this many bytes as a crash would: truncated, no clean end.
    pub fn cut(after_bytes: u64) -> Plan {
        Plan::of(carry::cut, Step::Cut(after_bytes))
    }

    /// End a streamed answer after this many bytes with an error trailer.
    pub fn break_off(after_bytes: u64, error_type: impl Into<String>, message: impl Into<String>) -> Plan {
        Plan::of(
            carry::break_off,
            Step::BreakOff { after_bytes, error_type: error_type.into(), message: message.into() },
        )
    }

    /// Fill this many bytes of /tmp until the invocation ends, or what is free of it where that is less. More than 10 GiB,
    /// the largest /tmp there is, is refused.
    pub fn fill_disk(bytes: u64) -> Plan {
        Plan::of(carry::fill_disk, Step::FillDisk(bytes))
    }

    /// Hold this many bytes of memory until the invocation ends. More than the function has is refused.
    pub fn hold_memory(bytes: u64) -> Plan {
        Plan::of(carry::hold_memory, Step::HoldMemory(bytes))
    }

    /// Burn this much CPU time beside the handler, all cores together, or less where the invocation ends first. More than
    /// 15 minutes is refused.
    pub fn burn_cpu(duration: Duration) -> Plan {
        Plan::of(carry::burn_cpu, Step::BurnCpu(whole(duration)))
    }

    /// Let these names fail to resolve until the invocation ends.
    pub fn block_hosts(names: impl IntoIterator<Item = impl Into<String>>) -> Plan {
        Plan::of(carry::block_hosts, Step::BlockHosts(names.into_iter().map(Into::into).collect()))
    }
}

/// The contract counts milliseconds, in 32 bits.
fn whole(duration: Duration) -> Duration {
    Duration::from_millis(u64::from(carry::milliseconds(duration)))
}
