//! Fails chosen requests, or every event, as if the handler had thrown an error.
//!
//! The handler never sees such an event: its caller, the retries of an asynchronous one, and what waits behind a queue see
//! what they would see of a handler that fails.

use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings};

/// Which events fail, and with which error.
#[derive(Settings)]
pub struct HandlerError {
    /// The error's type, as the caller reads it. Lambda's own records keep one such as `Function.PaymentDown`, and show
    /// another as `Function.Injected`, which is also what it is where absent.
    #[settings(default = "Function.Injected".to_owned())]
    error_type: String,
    /// The error's message. `an injected error` where absent.
    #[settings(default = "an injected error".to_owned())]
    message: String,
    /// Templates of the paths that fail, such as `/orders/{id}/**`. Every event where absent, HTTP request or not.
    paths: Option<Vec<PathTemplate>>,
    /// HTTP methods that fail, in any case. Every event where absent.
    methods: Option<Vec<String>>,
}

impl HandlerError {
    fn hits(&self, invocation: &Invocation) -> bool {
        self.methods.as_ref().is_none_or(|methods| invocation.method_is_any(methods))
            && self.paths.as_ref().is_none_or(|paths| invocation.path_matches_any(paths))
    }
}

impl Policy for HandlerError {
    fn check(&self) -> Result<(), String> {
        if self.error_type.is_empty() {
            return Err("`error_type`: expected a type such as Function.PaymentDown, found an empty text".to_owned());
        }
        if self.paths.as_ref().is_some_and(Vec::is_empty) {
            return Err("`paths`: expected at least one path template, or no `paths` for every event".to_owned());
        }
        if self.methods.as_ref().is_some_and(Vec::is_empty) {
            return Err("`methods`: expected at least one method, or no `methods` for every event".to_owned());
        }
        Ok(())
    }

    fn before(&self, invocation: &Invocation) -> Plan {
        if self.hits(invocation) { Fault::fail(&self.error_type, &self.message) } else { Plan::none() }
    }
}

misrule_sdk::export!(HandlerError);

#[cfg(test)]
mod tests;
