//! CloudWatch metrics, embedded in the lines that they are about: CloudWatch takes them out of the function's log by itself,
//! with no call and no permission of ours.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! A metric is named after its line's type, with the function and the experiment as its dimensions. Policies, versions and
//! request ids are none: each new value of a dimension is a new metric, which costs.

use std::sync::OnceLock;

use misrule_engine::time::Timestamp;
use serde_json::{Map, Value, json};

use super::line::Line;

/// Under which CloudWatch shows them.
pub const NAMESPACE: &str = "Misrule";

/// The function whose lines carry metrics; unset where none do.
static FUNCTION: OnceLock<String> = OnceLock::new();

/// From here on lines carry metrics, of the function with this name. Only the first call counts.
pub fn count_for(function: &str) {
    let _ = FUNCTION.set(function.to_owned());
}

/// One metric of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    /// As CloudWatch spells it.
    pub(super) unit: &'static str,
    pub(super) value: u64,
}

/// What the line's object is to carry besides, if it counts and metrics are on.
pub(super) fn embedded(line: &Line, now: Timestamp) -> Option<Map<String, Value>> {
    embedded_for(FUNCTION.get()?, line, now)
}

pub(super) fn embedded_for(function: &str, line: &Line, now: Timestamp) -> Option<Map<String, Value>> {
    let metrics = of(line);
    if metrics.is_empty() {
        return None;
    }
    let mut fields: Map<_, _> = metrics.iter().map(|metric| (metric.name.to_owned(), metric.value.into())).collect();
    fields.insert("function".to_owned(), function.into());
    let dimensions: &[&str] = if line.is_of_experiment() { &["function", "experiment"] } else { &["function"] };
    let named: Vec<_> = metrics.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit })).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": named });
    fields.insert("_aws".to_owned(), json!({ "Timestamp": now.as_milliseconds(), "CloudWatchMetrics": [directive] }));
    Some(fields)
}

/// The metrics of a line; none where it tells of nothing that is counted.
pub(super) fn of(line: &Line) -> Vec<Metric> {
    let Some(name) = line.metric() else { return Vec::new() };
    let measured = |name, unit, value| Metric { name, unit, value };
    let count = |value| measured(name, "Count", value);
    match line {
        Line::Injected(injected) => {
            let mut metrics = vec![count(1), measured("DecisionTime", "Microseconds", injected.0.decision_us)];
            if !injected.0.delays_ms.is_empty() {
                metrics.push(measured("AddedDelay", "Milliseconds", injected.0.delays_ms.iter().sum()));
            }
            metrics
        }
        Line::WouldHave(would) => vec![count(1), measured("DecisionTime", "Microseconds", would.0.decision_us)],
        Line::Armed(armed) => vec![count(1), measured("ArmingTime", "Milliseconds", armed.took_ms)],
        Line::Cut(cut) => vec![count(cut.count)],
        Line::RefusedStep(refused) => vec![count(refused.count)],
        Line::FaultFailed(fault) => vec![count(fault.count)],
        Line::LinesLost(lost) => vec![count(lost.count)],
        Line::Failed(failed) => vec![count(failed.count)],
        _ => vec![count(1)],
    }
}

/// Every metric that a line may carry beside its count.
pub const MEASURED: &[(&str, &str)] = &[
    (
        "DecisionTime",
        "of `injected` and `would_have`: how long all policies of the hook took together, in microseconds",
    ),
    ("AddedDelay", "of `injected`: the delays that were asked for, in milliseconds"),
    ("ArmingTime", "of `armed`: from the start of the refresh until the experiment was in force, in milliseconds"),
];
