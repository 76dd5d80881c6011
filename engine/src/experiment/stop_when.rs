//! When an experiment is to stop by itself.

use std::num::NonZeroU64;
use std::time::Duration;

use super::Rate;

/// The share of handler errors at which an experiment stops injecting in an execution environment, until a new version.
/// An invocation that the experiment touched before its handler answered is neither an invocation nor an error here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopWhen {
    /// The share of invocations whose handler failed. More than nothing.
    pub handler_errors: Rate,
    /// Over how long invocations are looked at: it slides, by a sixtieth of it. More than nothing.
    pub over: Duration,
    /// Below so many invocations nothing is judged.
    pub min_invocations: NonZeroU64,
}

impl StopWhen {
    /// Over how long where an experiment does not say.
    pub const DEFAULT_OVER: Duration = Duration::from_secs(60);
    /// Of how many invocations where an experiment does not say.
    pub const DEFAULT_MIN_INVOCATIONS: NonZeroU64 = match NonZeroU64::new(20) {
        Some(count) => count,
        None => NonZeroU64::MIN,
    };

    /// Whether so many errors among so many invocations are enough.
    pub fn reached(&self, errors: u64, invocations: u64) -> bool {
        invocations >= self.min_invocations.get() && errors as f64 / invocations as f64 >= self.handler_errors.share()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_counts_from_the_first_that_reaches_it() {
        let stop_when = StopWhen {
            handler_errors: Rate::new(0.2).unwrap(),
            over: StopWhen::DEFAULT_OVER,
            min_invocations: StopWhen::DEFAULT_MIN_INVOCATIONS,
        };
        let rows = [(4, 20, true), (3, 20, false), (19, 19, false), (20, 20, true), (5, 26, false), (0, 0, false)];
        for (errors, invocations, reached) in rows {
            assert_eq!(stop_when.reached(errors, invocations), reached, "{errors} of {invocations}");
        }
    }
}
