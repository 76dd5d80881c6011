//! What Lambda's own headers say about an invocation.

use std::fmt;
use std::sync::Arc;

use crate::time::Timestamp;

/// Lambda's request id (`Lambda-Runtime-Aws-Request-Id`). Retries of an asynchronous invocation keep it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A request id, as Lambda sent it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is known of an invocation before its event is read: the headers of the Runtime API's `/next`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: RequestId,
    /// `Lambda-Runtime-Invocation-Id`, where Lambda sends one: new for each delivery of an event.
    pub invocation_id: Option<String>,
    /// `Lambda-Runtime-Invoked-Function-Arn`, with the alias or version it was invoked by.
    pub invoked_arn: String,
    /// `Lambda-Runtime-Trace-Id`.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<String>,
    /// When the event reached the proxy.
    pub arrived: Timestamp,
    /// `Lambda-Runtime-Deadline-Ms`.
    pub deadline: Timestamp,
    /// Events that this execution environment received before this one; 0 is the cold start.
    pub sequence: u64,
}
