//! What `export!` needs to make a policy the component's exports.

use std::sync::OnceLock;

pub use crate::host::bindings;
pub use wit_bindgen;

use crate::settings::{self, wording};
use crate::{Hooks, Invocation, Plan, Policy, Response, carry, logging};

/// Reads the settings, keeps the policy for the hooks, and names those that it wants.
///
/// # Errors
///
/// The mistakes in the settings, a line each.
pub fn configure<P: Policy>(configured: &'static OnceLock<P>) -> Result<bindings::Hooks, String> {
    std::panic::set_hook(Box::new(tell));
    let policy = settings::read::<P>()?;
    let hooks = named(policy.hooks());
    let _ = configured.set(policy);
    Ok(hooks)
}

/// Asks the policy, and hands its plan to the host.
pub fn before<P: Policy>(configured: &'static OnceLock<P>) {
    let plan = configured.get().map_or_else(Plan::none, |policy| policy.before(&Invocation(())));
    carry::hand_over(&plan);
}

/// Asks the policy about the answer, and hands its plan to the host.
pub fn after<P: Policy>(configured: &'static OnceLock<P>) {
    let plan = configured.get().map_or_else(Plan::none, |policy| policy.after(&Invocation(()), &Response(())));
    carry::hand_over(&plan);
}

fn named(hooks: Hooks) -> bindings::Hooks {
    let pairs = [
        (Hooks::BEFORE, bindings::Hooks::BEFORE),
        (Hooks::AFTER, bindings::Hooks::AFTER),
        (Hooks::ANSWER_BODY, bindings::Hooks::ANSWER_BODY),
    ];
    let wanted = pairs.into_iter().filter(|(hook, _)| hooks.contains(*hook));
    wanted.fold(bindings::Hooks::empty(), |sum, (_, hook)| sum | hook)
}

/// The trap that follows carries no words: without this line nobody would know what happened.
fn tell(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let (file, line) = panic.location().map_or(("an unknown place", 0), |place| (place.file(), place.line()));
    let line = wording::decimal(u64::from(line));
    logging::log(logging::Level::Error, &wording::text(&["panicked at ", file, ":", &line, ": ", message]));
}

/// Makes a type the exports of this component.
#[doc(hidden)]
#[macro_export]
macro_rules! export_component {
    ($policy:ty) => {
        const _: () = {
            const SHAPE: &$crate::settings::Shape = &<$policy as $crate::Settings>::SHAPE;
            // A section of the file, which no code reads: the keyword stands for nothing else.
            #[used]
            #[unsafe(link_section = "misrule:settings")]
            static SCHEMA: [u8; $crate::settings::schema::length(SHAPE)] = $crate::settings::schema::json(SHAPE);
            static CONFIGURED: ::std::sync::OnceLock<$policy> = ::std::sync::OnceLock::new();
            struct Component;

            impl $crate::component::bindings::Guest for Component {
                fn configure(_: String) -> ::std::result::Result<$crate::component::bindings::Hooks, String> {
                    $crate::component::configure(&CONFIGURED)
                }
                fn before() {
                    $crate::component::before(&CONFIGURED)
                }
                fn after() {
                    $crate::component::after(&CONFIGURED)
                }
            }
    $crate::component::bindings::export_component_of!(Component with_types_in $crate::component::bindings);
        };
    };
}
