//! What a log event says of a runtime that failed before it asked for events: one of Lambda's error types in it
//! (`Runtime.ImportModuleError`), or Lambda's own report of the init.
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-initReport>.

use serde_json::Value;

/// Letters of a failure that are quoted.
const QUOTED: usize = 200;

/// What Lambda's error types of runtimes begin with.
const TYPE: &str = "Runtime.";

/// How the local Lambda says it.
const LOCALLY: &str = "init failed with ";

/// The failure that a text tells of.
pub(super) fn failure(text: &str) -> Option<String> {
    if let Some((_, report)) = text.split_once("INIT_REPORT ") {
        return report.split_once("Status: ").map(|(_, status)| quoted(&format!("Status: {status}")));
    }
    let locally = text.split_once(LOCALLY).map(|(_, failure)| failure);
    locally.or_else(|| from_type(text)).map(quoted)
}

/// The failure that the record of a `platform.initReport` tells of.
pub(super) fn failure_of(record: &Value) -> Option<String> {
    let status = record["status"].as_str().filter(|status| *status != "success")?;
    let error = record["errorType"].as_str().map(|error| format!(", Error Type: {error}")).unwrap_or_default();
    Some(format!("Status: {status}{error}"))
}

/// The text from an error type on.
fn from_type(text: &str) -> Option<&str> {
    let at = text.match_indices(TYPE).map(|(at, _)| at).find(|at| is_type(text, *at))?;
    text.get(at..)
}

fn is_type(text: &str, at: usize) -> bool {
    let stands_alone = !text[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '.' | '_'));
    stands_alone && text[at + TYPE.len()..].starts_with(|first: char| first.is_ascii_uppercase())
}

/// The beginning of its first line.
fn quoted(text: &str) -> String {
    // Python's client ends lines with a carriage return, so that CloudWatch keeps them together.
    let line = text.split(['\r', '\n']).next().unwrap_or_default().trim_end().replace('\t', ", ");
    if line.chars().count() <= QUOTED { line } else { line.chars().take(QUOTED).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_is_found_in_what_runtimes_and_lambda_write() {
        for (text, failure) in [
            (
                "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'orders'\rTraceback",
                "Runtime.ImportModuleError: Unable to import module 'app': No module named 'orders'",
            ),
            (
                "INIT_REPORT Init Duration: 9.1 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
                "Status: error, Error Type: Runtime.ExitError",
            ),
            (
                "2026-12-01T09:00:00Z INIT_REPORT Init Duration: 10000.04 ms\tPhase: init\tStatus: timeout\n",
                "Status: timeout",
            ),
            (
                "error: init failed with Sandbox.Timedout: Task timed out after 10.00 seconds",
                "Sandbox.Timedout: Task timed out after 10.00 seconds",
            ),
            ("Runtime.ExitError", "Runtime.ExitError"),
        ] {
            assert_eq!(super::failure(text).as_deref(), Some(failure), "{text}");
        }
        let record = json!({ "phase": "init", "status": "error", "errorType": "Runtime.ExitError" });
        assert_eq!(failure_of(&record).as_deref(), Some("Status: error, Error Type: Runtime.ExitError"));
    }

    #[test]
    fn what_went_well_and_what_others_write_is_none() {
        for text in [
            "INIT_REPORT Init Duration: 9.1 ms\tPhase: init",
            "java.lang.Runtime.Version",
            "Runtime.exit",
            "MyRuntime.Error",
        ] {
            assert_eq!(failure(text), None, "{text}");
        }
        assert_eq!(failure_of(&json!({ "status": "success" })), None);
        assert_eq!(failure_of(&json!({})), None);
    }

    #[test]
    fn a_long_one_is_cut() {
        let told = failure(&format!("Runtime.Unknown: {}", "ä".repeat(500)));
        assert_eq!(told.map(|told| told.chars().count()), Some(QUOTED + 1));
    }
}
