use std::borrow::Cow;

use serde_json::json;

use crate::wire::Reply;

/// An answer of the API that is not success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    error_type: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) const UNKNOWN_REQUEST: Self = Self::new(400, "InvalidRequestID", "Invalid request ID");
    pub(super) const TRUNCATED: Self = Self::new(400, "TruncatedHTTPRequest", "HTTP request detected as truncated");
    pub(super) const UNKNOWN_MODE: Self =
        Self::new(400, "InvalidFunctionResponseMode", "Invalid Lambda-Runtime-Function-Response-Mode header");
    pub(super) const GONE: Self = Self::new(410, "InvokeTimeout", "Invoke timeout");
    pub(super) const TOO_MANY_WAITING: Self = Self::new(500, "InternalServerError", "Internal Server Error");

    pub(super) const fn new(status: u16, error_type: &'static str, message: &'static str) -> Self {
        Self { status, error_type, message: Cow::Borrowed(message) }
    }

    pub(super) fn forbidden(error_type: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 403, error_type, message: message.into() }
    }

    pub(super) fn too_large(limit: u64) -> Self {
        let message = format!("Exceeded maximum allowed payload size ({limit} bytes).");
        Self { status: 413, error_type: "RequestEntityTooLarge", message: message.into() }
    }

    /// The runtime asked for what its state does not allow; names of states as in Lambda's own program.
    pub(super) fn transition(from: &str, to: &str) -> Self {
        let message =
            format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed");
        Self::forbidden("InvalidStateTransition", message)
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({ "errorMessage": self.message, "errorType": self.error_type });
        Reply::new(self.status).json_line(&body)
    }
}

/// What Lambda says to what it accepts: `{"status":"OK"}`.
pub(super) fn accepted() -> Reply {
    Reply::new(202).json_line(&json!({ "status": "OK" }))
}

/// What Lambda says where it has no such route.
pub(super) fn not_found() -> Reply {
    Reply::new(404)
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("X-Content-Type-Options", "nosniff")
        .body("404 page not found\n")
}

/// What Lambda says where the route exists for another method.
pub(super) fn method_not_allowed(allowed: &'static str) -> Reply {
    Reply::new(405).header("Allow", allowed)
}
