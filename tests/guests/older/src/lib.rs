//! A policy built against the contract as it was before its newest functions: a layer of today must still run it.
//!
//! Without the SDK, whose newest version asks for the newest contract. It uses each interface of its own contract.

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated; a call across the component boundary cannot be made otherwise"
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "policy" });
    use super::Older;
    export!(Older);
}

use std::sync::OnceLock;

use bindings::misrule::policy::invocation::Document;
use bindings::misrule::policy::settings::ValueKind;
use bindings::misrule::policy::{
    chance, environment, faults, invocation, logging, matching, memory, response, settings,
};
use bindings::{Guest, Hooks};

/// The template of the paths that fail, as the settings have it.
static FAILING: OnceLock<String> = OnceLock::new();

struct Older;

impl Guest for Older {
    fn configure(_: String) -> Result<Hooks, String> {
        let texts = settings::kind("/path") == Some(ValueKind::Text);
        let template = settings::text("/path").filter(|_| texts).ok_or("`path`: expected a text")?;
        let _ = FAILING.set(template);
        Ok(Hooks::BEFORE | Hooks::AFTER)
    }

    fn before() {
        let template = FAILING.get().map_or("", String::as_str);
        let path = invocation::path().unwrap_or_default();
        let tenant = invocation::text(Document::Whole, "/tenant").unwrap_or_else(|| "nobody".to_owned());
        if !matches!(matching::path(template, &path), Ok(Some(_))) {
            return;
        }
        logging::log(logging::Level::Info, &format!("for {tenant} in {}", environment::region()));
        let count = memory::add("failed", 1);
        faults::because(&format!("the draw is {}", chance::uniform() < 1.0));
        faults::delay(1);
        faults::respond_http(503, &[("x-count".to_owned(), count.to_string())], b"older");
    }

    fn after() {
        if !response::failed() {
            faults::delay(2);
        }
    }
}
