//! Where the policy runs, and under which experiment. May also be asked in [`Policy::check`](crate::Policy::check).

use crate::Timestamp;
use crate::host::environment as host;

/// The function's name.
pub fn function_name() -> String {
    host::function_name()
}

/// The function's version, `$LATEST` or a number.
pub fn function_version() -> String {
    host::function_version()
}

/// The AWS region.
pub fn region() -> String {
    host::region()
}

/// The AWS account, once an invocation's ARN told it.
pub fn account() -> Option<String> {
    host::account()
}

/// The function's memory in MB.
pub fn memory_mb() -> u32 {
    host::memory_mb()
}

/// How the environment came up: `on-demand`, `provisioned-concurrency`, `snap-start`, `lambda-managed-instances`.
pub fn initialization() -> String {
    host::initialization()
}

/// The experiment's name.
pub fn experiment() -> String {
    host::experiment()
}

/// When the experiment starts; the epoch where it starts at once.
pub fn experiment_starts() -> Timestamp {
    Timestamp::from_milliseconds(host::experiment_starts())
}

/// When the experiment expires.
pub fn experiment_expires() -> Timestamp {
    Timestamp::from_milliseconds(host::experiment_expires())
}
