//! Ready-made fault policies, compiled to components.
//!
//! ```
//! let outage = misrule_policies::component("path-outage").ok_or("no such policy")?;
//! assert!(outage.starts_with(b"\0asm"));
//! assert_eq!(misrule_policies::component("path-outrage"), None);
//! # Ok::<(), &str>(())
//! ```

/// A policy that an experiment can use by name, without a module of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyMade {
    /// What an experiment's `use` says.
    pub name: &'static str,
    /// What it does, in a sentence without a full stop.
    pub summary: &'static str,
    /// The component's bytes.
    pub component: &'static [u8],
}

macro_rules! ready_made {
    ($($name:literal: $summary:literal;)*) => {
        /// Every ready-made policy, by name.
        pub const READY_MADE: &[ReadyMade] = &[$(ReadyMade {
            name: $name,
            summary: $summary,
            component: include_bytes!(concat!("../components/", $name, ".wasm")),
        }),*];
    };
}

ready_made! {
    "error": "fails chosen requests, or every event, as if the handler had thrown an error";
    "latency": "delays chosen requests, or every event, by a fixed or random time, or to near the deadline";
    "path-outage": "answers chosen paths with an error, in a time window or always";
}

/// The component of the policy with this name.
pub fn component(name: &str) -> Option<&'static [u8]> {
    READY_MADE.iter().find(|policy| policy.name == name).map(|policy| policy.component)
}
