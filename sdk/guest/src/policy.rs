//! The trait that a policy implements.

use std::ops::BitOr;

use crate::{Invocation, Plan, Response, Settings};

/// Decides, invocation by invocation, which fault to inject.
///
/// The policy *is* its settings: the host hands them over once, and asks the value read from them from then on. It has to
/// be `Sync`, which keeps state out of it: what a policy remembers belongs in [`crate::memory`].
pub trait Policy: Settings + Send + Sync + 'static {
    /// Which hooks the host should call, for these settings.
    fn hooks(&self) -> Hooks {
        Hooks::BEFORE
    }

    /// Checks what the types of the settings cannot: limits between fields, lists that must not be empty.
    ///
    /// # Errors
    ///
    /// What is wrong, for the person who wrote the experiment. It refuses the whole experiment.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// What to do before the handler sees the event.
    fn before(&self, invocation: &Invocation) -> Plan {
        let _ = invocation;
        Plan::none()
    }

    /// What to do after the handler answered. Needs [`Hooks::AFTER`]; not called where Misrule answered itself.
    fn after(&self, invocation: &Invocation, response: &Response) -> Plan {
        let _ = (invocation, response);
        Plan::none()
    }
}

/// A set of hooks: `Hooks::BEFORE | Hooks::AFTER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hooks(u8);

impl Hooks {
    /// No hook: the policy does nothing with these settings.
    pub const NONE: Self = Self(0);
    /// [`Policy::before`].
    pub const BEFORE: Self = Self(1);
    /// [`Policy::after`]. The answer streams through; of a buffered one only the outcome may be read.
    pub const AFTER: Self = Self(1 << 1);
    /// Holds buffered answers back until they are whole, so that `after` may read and change them.
    pub const ANSWER_BODY: Self = Self(1 << 2);

    /// Whether all of the other set is in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Hooks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
