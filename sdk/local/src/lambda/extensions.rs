use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::json;

use super::refusal::Refusal;
use super::state::Invocation;
use super::{FunctionError, Settings, ShutdownReason};
use crate::clock;

/// How many extensions one function may have.
const MAX_EXTENSIONS: usize = 10;

/// The extensions of one environment, external and internal.
pub(super) struct Extensions {
    declared: BTreeSet<String>,
    registered: Vec<Extension>,
    is_managed: bool,
    registration_closed: bool,
    shutting_down: bool,
}

struct Extension {
    name: String,
    identifier: String,
    subscription: Subscription,
    state: ExtensionState,
    event: Option<Bytes>,
}

/// Which events an extension wants.
#[derive(Clone, Copy, Default)]
struct Subscription {
    invoke: bool,
    shutdown: bool,
}

enum ExtensionState {
    Registered,
    Waiting,
    Busy,
    Failed(FunctionError),
}

impl Extensions {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            declared: settings.extensions.clone(),
            registered: Vec::new(),
            is_managed: settings.managed.is_some(),
            registration_closed: false,
            shutting_down: false,
        }
    }

    /// Whether each declared extension has registered.
    pub(super) fn are_registered(&self) -> bool {
        self.declared.iter().all(|name| self.registered.iter().any(|extension| &extension.name == name))
    }

    /// Whether each has registered and waits for an event.
    pub(super) fn are_idle(&self) -> bool {
        let waits =
            |extension: &Extension| matches!(extension.state, ExtensionState::Waiting) && extension.event.is_none();
        self.are_registered() && self.registered.iter().all(waits)
    }

    pub(super) fn are_shutting_down(&self) -> bool {
        self.shutting_down
    }

    pub(super) fn failure(&self) -> Option<FunctionError> {
        self.registered.iter().find_map(|extension| match &extension.state {
            ExtensionState::Failed(error) => Some(error.clone()),
            _ => None,
        })
    }

    pub(super) fn wants_shutdown(&self, name: &str) -> bool {
        let wants = |extension: &Extension| extension.name == name && extension.subscription.shutdown;
        self.registered.iter().any(wants)
    }

    /// No one may register once the runtime has asked for its first event.
    pub(super) fn close_registration(&mut self) {
        self.registration_closed = true;
    }

    /// Registers an extension; its identifier.
    pub(super) fn register(&mut self, name: &str, events: &[String]) -> Result<String, Refusal> {
        let external = self.declared.contains(name);
        if self.registration_closed {
            let message = "Extension registration closed already";
            return Err(Refusal::forbidden("Extension.RegistrationClosed", message));
        }
        if self.registered.iter().any(|extension| extension.name == name) {
            let message = "Extension with this name already registered";
            return Err(Refusal::forbidden("Extension.InvalidExtensionState", message));
        }
        if self.registered.len() >= MAX_EXTENSIONS {
            let message = "Extension limit (10) reached";
            return Err(Refusal::forbidden("Extension.TooManyExtensions", message));
        }
        let subscription = self.subscription(events, external)?;
        let identifier = clock::uuid();
        self.registered.push(Extension {
            name: name.to_owned(),
            identifier: identifier.clone(),
            subscription,
            state: ExtensionState::Registered,
            event: None,
        });
        Ok(identifier)
    }

    fn subscription(&self, events: &[String], external: bool) -> Result<Subscription, Refusal> {
        let mut subscription = Subscription::default();
        for event in events {
            match event.as_str() {
                "INVOKE" if self.is_managed => {
                    return Err(refused_event(event, "InvokeEventNotSupportedForManagedInstances"));
                }
                "INVOKE" => subscription.invoke = true,
                "SHUTDOWN" if external => subscription.shutdown = true,
                "SHUTDOWN" => return Err(refused_event(event, "ShutdownEventNotSupportedForInternalExtension")),
                _ => return Err(refused_event(event, "ErrorInvalidEventType")),
            }
        }
        Ok(subscription)
    }

    fn find(&mut self, identifier: Option<&str>) -> Result<&mut Extension, Refusal> {
        let Some(identifier) = identifier else {
            let message = "Missing Lambda-Extension-Identifier header";
            return Err(Refusal::forbidden("Extension.MissingExtensionIdentifier", message));
        };
        if !is_uuid(identifier) {
            let message = "Invalid Lambda-Extension-Identifier";
            return Err(Refusal::forbidden("Extension.InvalidExtensionIdentifier", message));
        }
        let unknown = || {
            let message = format!("Unknown extension {identifier}");
            Refusal::forbidden("Extension.UnknownExtensionIdentifier", message)
        };
        self.registered.iter_mut().find(|extension| extension.identifier == identifier).ok_or_else(unknown)
    }

    /// An extension asks for its next event.
    pub(super) fn ask(&mut self, identifier: Option<&str>) -> Result<String, Refusal> {
        let extension = self.find(identifier)?;
        if matches!(extension.state, ExtensionState::Failed(_)) {
            return Err(refused_transition(&extension.name, "Ready"));
        }
        extension.state = ExtensionState::Waiting;
        Ok(extension.identifier.clone())
    }

    /// The event for a waiting extension, once there is one.
    pub(super) fn take_event(&mut self, identifier: &str) -> Option<Bytes> {
        let extension = self.registered.iter_mut().find(|extension| extension.identifier == identifier)?;
        let event = extension.event.take()?;
        extension.state = ExtensionState::Busy;
        Some(event)
    }

    /// An extension reports that it failed, in its init or as it exits.
    pub(super) fn fail(&mut self, identifier: Option<&str>, kind: &str, claim: Option<&str>) -> Result<(), Refusal> {
        let missing = "Lambda-Extension-Function-Error-Type not found";
        let claim = claim.ok_or_else(|| Refusal::forbidden("Extension.MissingHeader", missing));
        let (extension, claim) = match (self.find(identifier), claim) {
            // The emulator looks at the error type first, but only where there is an identifier at all.
            (Err(_), Err(refusal)) if identifier.is_some() => return Err(refusal),
            (extension, claim) => (extension?, claim?),
        };
        if matches!(extension.state, ExtensionState::Failed(_)) {
            return Err(refused_transition(&extension.name, kind));
        }
        let message = format!("extension {} reported {claim}", extension.name);
        extension.state = ExtensionState::Failed(FunctionError::lambda(&format!("Extension.{kind}"), &message));
        Ok(())
    }

    pub(super) fn invoke(&mut self, invocation: &Invocation, settings: &Settings) {
        let mut event = json!({
            "eventType": "INVOKE",
            "deadlineMs": invocation.deadline,
            "requestId": invocation.request_id,
            "invokedFunctionArn": settings.arn(invocation.event.qualifier.as_deref()),
        });
        if let Some(trace) = &invocation.event.trace_id {
            event["tracing"] = json!({ "type": "X-Amzn-Trace-Id", "value": trace });
        }
        let event = Bytes::from(event.to_string());
        for extension in self.registered.iter_mut().filter(|extension| extension.subscription.invoke) {
            extension.event = Some(event.clone());
        }
    }

    /// Sends SHUTDOWN to who wants it; nothing begins from now on.
    pub(super) fn shut_down(&mut self, reason: ShutdownReason, deadline: u64) {
        self.shutting_down = true;
        let event = json!({ "eventType": "SHUTDOWN", "deadlineMs": deadline, "shutdownReason": reason.name() });
        let event = Bytes::from(event.to_string());
        for extension in self.registered.iter_mut().filter(|extension| extension.subscription.shutdown) {
            extension.event = Some(event.clone());
        }
    }
}

fn refused_event(event: &str, why: &str) -> Refusal {
    Refusal::forbidden("Extension.InvalidEventType", format!("{event}: {why}"))
}

fn refused_transition(name: &str, to: &str) -> Refusal {
    let message = format!(
        "State transition from ExitError to {to} failed for extension {name}. Error: State transition is not allowed"
    );
    Refusal::forbidden("Extension.InvalidExtensionState", message)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
