//! Delays chosen requests, or every event, by a fixed or random time, or to near the deadline.

mod distribution;

use std::time::Duration;

use misrule_sdk::{Fault, Invocation, PathTemplate, Plan, Policy, Settings};

pub use distribution::{LogNormal, Uniform};

/// No layer delays an event beyond this long before its deadline.
const LEAST_LEFT: Duration = Duration::from_millis(100);

/// Which events are slow, and how slow.
#[derive(Settings)]
pub struct Latency {
    /// The same delay for each event, such as `300ms`.
    delay: Option<Duration>,
    /// A delay drawn anew for each event, any in a range as likely as any other.
    uniform: Option<Uniform>,
    /// A delay drawn anew for each event: most near the median, a few much longer.
    log_normal: Option<LogNormal>,
    /// How much of the function's time is left to the handler, 100ms at least: a longer delay is cut. Alone it is the
    /// delay: each event is held until no more is left, so that a handler that needs more times out.
    leave: Option<Duration>,
    /// Templates of the paths that are slow, such as `/orders/{id}/**`. Every event where absent, HTTP request or not.
    paths: Option<Vec<PathTemplate>>,
    /// HTTP methods that are slow, in any case. Every event where absent.
    methods: Option<Vec<String>>,
}

impl Latency {
    fn hits(&self, invocation: &Invocation) -> bool {
        self.methods.as_ref().is_none_or(|methods| invocation.method_is_any(methods))
            && self.paths.as_ref().is_none_or(|paths| invocation.path_matches_any(paths))
    }

    fn duration(&self, invocation: &Invocation) -> Duration {
        let ceiling = self.leave.map(|leave| invocation.time_allowed().saturating_sub(leave));
        match (self.drawn(), ceiling) {
            (Some(drawn), Some(ceiling)) => drawn.min(ceiling),
            (drawn, ceiling) => drawn.or(ceiling).unwrap_or_default(),
        }
    }

    fn drawn(&self) -> Option<Duration> {
        let uniform = || self.uniform.as_ref().map(Uniform::draw);
        let log_normal = || self.log_normal.as_ref().map(LogNormal::draw);
        self.delay.or_else(uniform).or_else(log_normal)
    }

    /// How many of the settings say how long a delay is.
    fn delays(&self) -> usize {
        [self.delay.is_some(), self.uniform.is_some(), self.log_normal.is_some()].into_iter().filter(|it| *it).count()
    }
}

impl Policy for Latency {
    fn check(&self) -> Result<(), String> {
        if self.paths.as_ref().is_some_and(Vec::is_empty) {
            return Err("`paths`: expected at least one path template, or no `paths` for every event".to_owned());
        }
        if self.methods.as_ref().is_some_and(Vec::is_empty) {
            return Err("`methods`: expected at least one method, or no `methods` for every event".to_owned());
        }
        match (self.delays(), self.leave) {
            (1, _) | (0, Some(_)) => {}
            (0, None) => return Err("expected `delay`, `uniform`, `log_normal` or `leave`, found none".to_owned()),
            _ => return Err("expected one of `delay`, `uniform` and `log_normal`, found several".to_owned()),
        }
        if self.leave.is_some_and(|leave| leave < LEAST_LEFT) {
            return Err("`leave`: expected 100ms at least: no delay lasts longer".to_owned());
        }
        self.uniform.as_ref().map_or(Ok(()), Uniform::check)?;
        self.log_normal.as_ref().map_or(Ok(()), LogNormal::check)
    }

    fn before(&self, invocation: &Invocation) -> Plan {
        if !self.hits(invocation) {
            return Plan::none();
        }
        match self.duration(invocation) {
            Duration::ZERO => Plan::none(),
            duration => Fault::delay(duration),
        }
    }
}

misrule_sdk::export!(Latency);

#[cfg(test)]
mod tests;
