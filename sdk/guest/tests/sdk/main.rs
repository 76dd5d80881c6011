//! What a policy author meets: settings, windows, the hooks, and where a test fails as the host would end the hook.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod hooks;
mod readme;
mod schema;
mod settings;
mod window;
