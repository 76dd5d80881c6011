//! The host's double for native tests: the contract's imports, answered by the engine's own invocation view, matchers,
//! seeds and rules, so that a test sees what the layer would do. Where the host would trap, it panics with the reason.

mod call;
pub(crate) mod faults;
pub(crate) mod invocation;
pub(crate) mod memory;
pub(crate) mod response;

pub(crate) use call::{Call, Phase, enter, trap};

use call::with;
use misrule_engine::decision::sticky;
use misrule_engine::invocation::json;
use misrule_engine::matching as engine;

/// What settings say, by pointer.
pub(crate) mod settings {
    use super::{Call, json, with};

    pub(crate) use super::json::Kind as ValueKind;

    pub(crate) fn kind(pointer: &str) -> Option<ValueKind> {
        at(pointer, json::kind)
    }

    pub(crate) fn boolean(pointer: &str) -> Option<bool> {
        at(pointer, json::boolean)
    }

    pub(crate) fn number(pointer: &str) -> Option<f64> {
        at(pointer, json::number)
    }

    pub(crate) fn text(pointer: &str) -> Option<String> {
        at(pointer, json::text)
    }

    pub(crate) fn count(pointer: &str) -> Option<u32> {
        at(pointer, json::count)
    }

    pub(crate) fn members(pointer: &str) -> Vec<String> {
        at(pointer, |value| Some(json::members(value))).unwrap_or_default()
    }

    fn at<T>(pointer: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        with(|call: &mut Call| json::at(call.settings("settings").as_bytes(), pointer).and_then(read))
    }
}

/// Where the policy runs.
pub(crate) mod environment {
    use super::with;

    pub(crate) fn function_name() -> String {
        with(|call| call.world.environment.function_name.clone())
    }

    pub(crate) fn function_version() -> String {
        with(|call| call.world.environment.function_version.clone())
    }

    pub(crate) fn region() -> String {
        with(|call| call.world.environment.region.clone())
    }

    pub(crate) fn account() -> Option<String> {
        with(|call| call.world.environment.account.clone())
    }

    pub(crate) fn memory_mb() -> u32 {
        with(|call| call.world.environment.memory_mb)
    }

    pub(crate) fn initialization() -> String {
        with(|call| call.world.environment.initialization.clone())
    }

    pub(crate) fn experiment() -> String {
        with(|call| call.world.experiment.clone())
    }

    pub(crate) fn experiment_starts() -> u64 {
        with(|call| call.world.starts.as_milliseconds())
    }

    pub(crate) fn experiment_expires() -> u64 {
        with(|call| call.world.expires.as_milliseconds())
    }
}

/// Chance, from the engine's seeds.
pub(crate) mod chance {
    use super::with;

    pub(crate) fn uniform() -> f64 {
        with(|call| call.chance("chance.uniform").uniform())
    }

    pub(crate) fn sticky(key: &str) -> f64 {
        with(|call| {
            let _ = call.chance("chance.sticky");
            super::sticky(&call.world.experiment, &call.world.policy, key)
        })
    }
}

/// The engine's matchers.
pub(crate) mod matching {
    use super::with;

    pub(crate) type Captured = Option<Vec<(String, String)>>;

    pub(crate) fn regex(pattern: &str, text: &str) -> Result<bool, String> {
        with(|call| call.patterns.regex(pattern, text).map_err(|error| error.to_string()))
    }

    pub(crate) fn path(template: &str, path: &str) -> Result<Captured, String> {
        with(|call| call.patterns.path(template, path).map_err(|error| error.to_string()))
    }
}

/// The engine's zones.
pub(crate) mod clock {
    use misrule_engine::time::Timestamp;

    use super::engine::{Civil, local as civil};

    pub(crate) fn local(instant: u64, zone: &str) -> Result<Civil, String> {
        civil(Timestamp::from_milliseconds(instant), zone).map_err(|error| error.to_string())
    }
}

/// Keeps what the policy logs.
pub(crate) mod logging {
    use super::with;

    pub(crate) use misrule_engine::decision::LogLevel as Level;

    pub(crate) fn log(level: Level, message: &str) {
        with(|call| call.said.push((level, message.to_owned())));
    }
}
