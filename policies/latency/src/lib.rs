//! Delays chosen requests, or every event, by a fixed or random time.

use std::time::Duration;

use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings, chance};

/// Which events are slow, and how slow.
#[derive(Settings)]
pub struct Latency {
    /// The same delay for each event, such as `300ms`. Either this or `uniform`.
    delay: Option<Duration>,
    /// A delay drawn anew for each event. Either this or `delay`.
    uniform: Option<Uniform>,
    /// Templates of the paths that are slow, such as `/orders/{id}/**`. Every event where absent, HTTP request or not.
    #[settings(default)]
    paths: Vec<PathTemplate>,
    /// HTTP methods that are slow, in any case. Every event where absent.
    #[settings(default)]
    methods: Vec<String>,
}

/// Every delay in the range is as likely as any other.
#[derive(Settings)]
pub struct Uniform {
    /// The shortest delay.
    min: Duration,
    /// The longest delay.
    max: Duration,
}

impl Latency {
    fn hits(&self, invocation: &Invocation) -> bool {
        (self.methods.is_empty() || invocation.method_is_any(&self.methods))
            && (self.paths.is_empty() || invocation.path_matches_any(&self.paths))
    }

    fn duration(&self) -> Duration {
        let drawn =
            || self.uniform.as_ref().map(|range| range.min + (range.max - range.min).mul_f64(chance::uniform()));
        self.delay.or_else(drawn).unwrap_or_default()
    }
}

impl Policy for Latency {
    fn check(&self) -> Result<(), String> {
        match (&self.delay, &self.uniform) {
            (Some(_), None) => Ok(()),
            (None, Some(range)) if range.min <= range.max => Ok(()),
            (None, Some(_)) => Err("`uniform`: expected a `min` that is not above `max`".to_owned()),
            _ => Err("expected either `delay` or `uniform`".to_owned()),
        }
    }

    fn before(&self, invocation: &Invocation) -> Plan {
        if self.hits(invocation) { Fault::delay(self.duration()) } else { Plan::none() }
    }
}

misrule_sdk::export!(Latency);

#[cfg(test)]
mod tests;
