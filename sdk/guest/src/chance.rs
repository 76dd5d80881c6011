//! Chance that can be replayed: every draw comes from the decision's logged seed.

use crate::host::chance as host;

/// The next number of this hook, uniform in [0, 1). The same invocation under the same experiment draws the same numbers
/// in the same order.
pub fn uniform() -> f64 {
    host::uniform()
}

/// A stable number in [0, 1) for this experiment, policy and key, the same in every execution environment: `sticky(tenant)
/// < 0.1` hits a tenth of the tenants, and stays with them.
pub fn sticky(key: &str) -> f64 {
    host::sticky(key)
}
