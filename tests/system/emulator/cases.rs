//! What is done to a function: the same under AWS's emulator and under the local Lambda.

use std::time::Duration;

use misrule_tests::emulator::Instances;

/// One thing that is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Invokes the function for this path, and waits for what the caller gets.
    Invoke(&'static str),
    /// Invokes it for this path twice at once.
    Twice(&'static str),
    /// Kills our extension.
    KillExtension,
    /// Invokes it for this path, and kills our extension while the handler is at work.
    KillExtensionDuring(&'static str),
}

impl Step {
    /// Whether the runtime that served it waits for more.
    pub(crate) fn leaves_the_runtime(self) -> bool {
        match self {
            Invoke(path) | Twice(path) => path.starts_with("/orders/") || ["/raise", "/probe"].contains(&path),
            KillExtension | KillExtensionDuring(_) => false,
        }
    }
}

/// A case: what is done, and to what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) instances: Instances,
    pub(crate) timeout: Duration,
    pub(crate) steps: &'static [Step],
}

use Step::{Invoke, KillExtension, KillExtensionDuring, Twice};

const fn on_demand(name: &'static str, steps: &'static [Step]) -> Case {
    Case { name, instances: Instances::OnDemand, timeout: Duration::from_secs(30), steps }
}

const fn managed(name: &'static str, steps: &'static [Step]) -> Case {
    Case { instances: Instances::Managed(2), ..on_demand(name, steps) }
}

/// The cases, each once under either.
pub(crate) const CASES: &[Case] = &[
    on_demand("answer", &[Invoke("/orders/7"), Invoke("/orders/8")]),
    on_demand("handler error", &[Invoke("/raise"), Invoke("/orders/7")]),
    on_demand("crash", &[Invoke("/orders/7"), Invoke("/exit/7"), Invoke("/orders/7")]),
    on_demand("exit", &[Invoke("/exit/0"), Invoke("/orders/7")]),
    on_demand("runtime killed", &[Invoke("/kill"), Invoke("/orders/7")]),
    Case { timeout: Duration::from_secs(5), ..on_demand("timeout", &[Invoke("/hang"), Invoke("/orders/7")]) },
    on_demand("answer too large", &[Invoke("/large"), Invoke("/orders/7")]),
    on_demand("extension killed", &[Invoke("/orders/7"), KillExtension, Invoke("/orders/7"), Invoke("/orders/7")]),
    on_demand("extension killed at work", &[Invoke("/orders/7"), KillExtensionDuring("/hang"), Invoke("/orders/7")]),
    on_demand("refusals", &[Invoke("/probe"), Invoke("/orders/7")]),
    managed("managed answer", &[Invoke("/orders/7"), Twice("/orders/8")]),
    managed("managed handler error", &[Invoke("/raise"), Invoke("/orders/7")]),
];

impl Case {
    /// Whether somebody other than the layer ends the extension.
    pub(crate) fn kills_the_extension(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, KillExtension | KillExtensionDuring(_)))
    }
}
