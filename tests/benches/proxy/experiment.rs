//! What is in force in the layer while it is measured.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What the layer does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Armed {
    /// Nothing: its source says halt, as between experiments.
    Nothing,
    /// Three ready-made policies look at each event, and none acts.
    ThreePass,
    /// One policy fails every other event in its handler's place.
    OneActs,
}

/// The path of every event that nothing is done to.
pub(crate) const PASSES: &str = "/checkout/42";

/// The path of the others.
pub(crate) const FAILS: &str = "/broken";

impl Armed {
    /// The experiment, as the layer reads it from a file.
    pub(crate) fn experiment(self) -> Result<String> {
        let policies = match self {
            Self::Nothing => return Ok(json!({ "halt": true }).to_string()),
            Self::ThreePass => json!([
                { "use": "path-outage", "settings": { "paths": ["/health", "/orders/{id}"], "status": 404 } },
                { "use": "latency", "settings": { "paths": ["/slow"], "delay": "1s" } },
                { "use": "error", "settings": { "paths": ["/error"] } },
            ]),
            Self::OneActs => json!([{ "use": "error", "settings": { "paths": [FAILS] } }]),
        };
        Ok(lasting(&policies)?.to_string())
    }

    /// The line of the layer's log that says that this is in force.
    pub(crate) const fn in_force(self) -> &'static str {
        match self {
            Self::Nothing => r#""misrule":"halted""#,
            Self::ThreePass | Self::OneActs => r#""misrule":"armed""#,
        }
    }

    /// The paths of the events, in turn.
    pub(crate) const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Nothing | Self::ThreePass => &[PASSES],
            Self::OneActs => &[FAILS, PASSES],
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "experiments end at real instants")]
fn lasting(policies: &Value) -> Result<Value> {
    let end = SystemTime::now() + Duration::from_secs(24 * 3600);
    let end =
        Timestamp::from_second(end.duration_since(UNIX_EPOCH)?.as_secs().try_into()?).map_err(anyhow::Error::msg)?;
    let (expires, blast_radius) = (end.to_string(), json!({ "functions": ["*"] }));
    Ok(json!({ "name": "bench", "expires": expires, "blast_radius": blast_radius, "policy": policies }))
}
