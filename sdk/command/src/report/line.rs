//! The layer's log lines, as far as a report needs them. The layer's own table of kinds is walked in a test.

use serde::Deserialize;

use super::times::Time;

/// One line of the layer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "misrule", rename_all = "snake_case")]
pub(crate) enum Line {
    Start {
        function: String,
        dry_run: bool,
    },
    RuntimeConnected {},
    SettingWrong {
        reason: String,
        hint: String,
    },
    PassThrough {
        reason: String,
    },
    LinesLost {
        count: u64,
    },
    Loaded {},
    Armed(Armed),
    Disarmed {
        experiment: String,
        version: String,
        reason: String,
    },
    Stopped {
        experiment: String,
        version: String,
        reason: String,
    },
    Halted {
        version: String,
    },
    NothingDeployed {
        source: String,
        reason: String,
    },
    Refused {
        source: String,
        version: String,
        reason: String,
        hint: Option<String>,
    },
    OutsideBlastRadius(Outside),
    Stale {
        experiment: String,
        version: String,
    },
    SourceFailed {
        source: String,
        reason: String,
        hint: Option<String>,
    },
    SourceRecovered {},
    Injected(Faults),
    WouldHave(Faults),
    Forbidden(Decision),
    Cut(Dropped),
    RefusedStep(Dropped),
    Trapped(Decision),
    PolicyDisabled(Decision),
    PolicySaid(Decision),
    FaultEnded(Ended),
    FaultFailed(Dropped),
    Failed {
        part: String,
        reason: String,
        hint: Option<String>,
        /// For how many the line stands.
        #[serde(default = "one")]
        count: u64,
    },
    /// What a dependency of the layer logged.
    Log {},
    /// A kind that a newer layer writes.
    #[serde(other)]
    Unknown,
}

/// An experiment is in force.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Armed {
    pub(crate) time: Time,
    pub(crate) experiment: String,
    pub(crate) version: String,
    pub(crate) hypothesis: Option<String>,
    pub(crate) policies: Vec<Named>,
    pub(crate) starts: Option<String>,
    pub(crate) expires: String,
    /// The largest share of invocations that a policy is asked about.
    #[serde(default = "all")]
    pub(crate) rate: f64,
    /// Invocations that waited for it: they are decided under it.
    #[serde(default)]
    pub(crate) waiting: u64,
}

const fn all() -> f64 {
    1.0
}

/// What lies outside a blast radius: the function, or an invocation of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Outside {
    pub(crate) experiment: String,
    pub(crate) version: String,
    /// The function's name; of an invocation the ARN that it was invoked by.
    pub(crate) function: String,
    pub(crate) region: String,
    /// Where the experiment names accounts.
    pub(crate) account: Option<String>,
}

/// One of an experiment's policies.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Named {
    pub(crate) policy: String,
}

/// Which decision a line is about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct About {
    pub(crate) request_id: String,
    pub(crate) experiment: String,
    pub(crate) version: String,
    pub(crate) policy: String,
}

/// What is to be told about a decision.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Decision {
    #[serde(flatten)]
    pub(crate) about: About,
    /// Absent from what a policy said.
    #[serde(default)]
    pub(crate) reason: String,
}

/// Faults that are carried out, or would be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Faults {
    pub(crate) time: Time,
    #[serde(flatten)]
    pub(crate) about: About,
    #[serde(default)]
    pub(crate) delays_ms: Vec<u64>,
    pub(crate) seed: String,
}

/// A fault of which less was carried out than was asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Dropped {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) fault: String,
    pub(crate) reason: String,
    /// For how many the line stands.
    #[serde(default = "one")]
    pub(crate) count: u64,
}

const fn one() -> u64 {
    1
}

/// A fault that ended with its experiment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Ended {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) fault: String,
    pub(crate) reason: String,
    pub(crate) planned_ms: Option<u64>,
    pub(crate) took_ms: u64,
}

impl Line {
    /// For how many of its kind the line stands.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Cut(dropped) | Self::RefusedStep(dropped) | Self::FaultFailed(dropped) => dropped.count,
            Self::Failed { count, .. } | Self::LinesLost { count } => *count,
            _ => 1,
        }
    }

    /// Whether such lines come once a minute, with a count: the last of them may be missing where the log ends.
    pub(crate) fn is_spared(&self) -> bool {
        matches!(self, Self::Cut(_) | Self::RefusedStep(_) | Self::FaultFailed(_))
    }

    /// The decision that the line is about, if it is about one.
    pub(crate) fn about(&self) -> Option<&About> {
        match self {
            Self::Injected(faults) | Self::WouldHave(faults) => Some(&faults.about),
            Self::Forbidden(decision)
            | Self::Trapped(decision)
            | Self::PolicyDisabled(decision)
            | Self::PolicySaid(decision) => Some(&decision.about),
            Self::Cut(dropped) | Self::RefusedStep(dropped) | Self::FaultFailed(dropped) => Some(&dropped.about),
            Self::FaultEnded(ended) => Some(&ended.about),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_the_layer_writes_is_known_here() {
        for name in misrule_extension::telemetry::Line::NAMES {
            let line = serde_json::from_value(serde_json::json!({ "misrule": name }));
            assert!(!matches!(line, Ok(Line::Unknown)), "`{name}` has no place in the report");
        }
        let newer = serde_json::from_str(r#"{"misrule":"of_tomorrow","part":"proxy"}"#);
        assert_eq!(newer.unwrap_or(Line::Log {}), Line::Unknown);
    }
}
