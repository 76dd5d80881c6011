//! One step of a plan, as data.

use std::time::Duration;

use crate::Document;

/// One step of a plan; each is a function of the contract's interface `faults`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Hold the event or the answer back.
    Delay(Duration),
    /// Answer in the caller's own HTTP shape. Final.
    RespondHttp {
        /// 100 to 599.
        status: u16,
        /// In order; names may repeat.
        headers: Vec<(String, String)>,
        /// The body's bytes.
        body: Vec<u8>,
    },
    /// Answer with this JSON text. Final.
    ReturnJson(String),
    /// Report a function error. Final.
    Fail {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
        /// `stackTrace`, a frame each.
        stack: Vec<String>,
    },
    /// Never answer. Final.
    Hang,
    /// Make the runtime exit. Final.
    Crash,
    /// Replace or remove what stands at a pointer.
    Edit {
        /// In which document.
        document: Document,
        /// An RFC 6901 pointer.
        pointer: String,
        /// JSON text; none removes.
        value: Option<String>,
    },
    /// Set or remove a header.
    SetHeader {
        /// Of any case.
        name: String,
        /// None removes.
        value: Option<String>,
    },
    /// Change the answer's status.
    SetStatus(u16),
    /// Report these records of the batch as failed.
    FailItems(Vec<String>),
    /// Cut the answer's body to this many bytes.
    Truncate(u32),
    /// Overwrite this share of the answer's body with noise.
    Garble(f64),
    /// Bytes per second of a streamed answer.
    Throttle(u32),
    /// Stop a streamed answer for a while.
    Pause {
        /// Bytes that pass first.
        after_bytes: u64,
        /// How long.
        duration: Duration,
    },
    /// End a streamed answer after this many bytes, as a crash would.
    Cut(u64),
    /// End a streamed answer with an error trailer.
    BreakOff {
        /// Bytes that pass first.
        after_bytes: u64,
        /// The trailer's error type.
        error_type: String,
        /// The trailer's message.
        message: String,
    },
    /// Bytes of /tmp to fill until the invocation ends.
    FillDisk(u64),
    /// Bytes of memory to hold until the invocation ends.
    HoldMemory(u64),
    /// CPU time to burn.
    BurnCpu(Duration),
    /// Names that fail to resolve until the invocation ends.
    BlockHosts(Vec<String>),
}
