use std::borrow::Cow;

use serde_json::{Value, json};

use super::disturbance::TokenProblem;
use crate::wire::Reply;

/// What a refusal says that is not the service's own.
pub(super) const ASKED_FOR: &str = "This was asked of the local AppConfig";

/// An exception of the services' models.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    name: Cow<'static, str>,
    body: Value,
}

impl Refusal {
    pub(super) fn new(status: u16, name: impl Into<Cow<'static, str>>, message: &str) -> Self {
        Self { status, name: name.into(), body: json!({ "Message": message }) }
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body[member] = value.into();
        self
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(400, "BadRequestException", message)
    }

    pub(super) fn conflict(message: &str) -> Self {
        Self::new(409, "ConflictException", message)
    }

    pub(super) fn quota(message: &str) -> Self {
        Self::new(402, "ServiceQuotaExceededException", message)
    }

    /// The control plane's form of "not found".
    pub(super) fn not_found(resource: &str, id: &str) -> Self {
        let message = format!("Could not find {resource} with id {id}");
        Self::new(404, "ResourceNotFoundException", &message).with("ResourceName", resource)
    }

    /// The data plane's form of it.
    pub(super) fn no_such(resource_type: &str, referenced_by: Value) -> Self {
        let message = format!("The specified {resource_type} was not found");
        let refusal = Self::new(404, "ResourceNotFoundException", &message);
        refusal.with("ResourceType", resource_type).with("ReferencedBy", referenced_by)
    }

    pub(super) fn too_large(limit_kilobytes: usize, bytes: usize) -> Self {
        let refusal = Self::new(413, "PayloadTooLargeException", "The configuration is too large");
        let size = bytes as f64 / 1024.0;
        refusal.with("Measure", "KILOBYTES").with("Limit", limit_kilobytes as f64).with("Size", size)
    }

    /// A configuration that a validator does not pass, with what it says.
    pub(super) fn invalid_configuration(details: &[Value]) -> Self {
        let reasons: Vec<_> = details.iter().filter_map(|detail| detail["Reason"].as_str()).collect();
        let message = format!("Error validating the configuration: {}", reasons.join("; "));
        let refusal = Self::bad_request(&message).with("Reason", "InvalidConfiguration");
        refusal.with("Details", json!({ "InvalidConfiguration": details }))
    }

    /// A configuration token that does not work.
    pub(super) fn token(problem: TokenProblem) -> Self {
        let details = json!({ "InvalidParameters": { "ConfigurationToken": { "Problem": problem.word() } } });
        Self::bad_request(problem.message()).with("Reason", "InvalidParameters").with("Details", details)
    }

    pub(super) fn unsigned(message: &str, name: &'static str) -> Self {
        Self::new(403, name, message)
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new(404, "UnknownOperationException", "There is no such operation here")
    }

    /// The exception that usually comes with a status.
    pub(super) fn of_status(status: u16) -> Self {
        let name = match status {
            400 => "BadRequestException",
            403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            429 => "ThrottlingException",
            _ => "InternalServerException",
        };
        Self::new(status, name, ASKED_FOR)
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::new(self.status).header("x-amzn-ErrorType", self.name.as_bytes()).json(&self.body)
    }
}
