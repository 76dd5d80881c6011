//! What a policy author meets: settings, windows, the hooks, and where a test fails as the host would end the hook.

mod hooks;
mod settings;
mod window;
