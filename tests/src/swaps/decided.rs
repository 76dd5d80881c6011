//! What the layer's log says of experiments: which came in force, and which decided each invocation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use serde_json::Value;

/// Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Decided(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    /// Experiments that injected something, by request id.
    injected: BTreeMap<String, Vec<String>>,
    armed: BTreeSet<String>,
    over: bool,
}

impl Decided {
    /// Takes a line of the log.
    pub(super) fn note(&self, text: &str) {
        let Ok(line) = serde_json::from_str::<Value>(text) else { return };
        let Some(experiment) = line["experiment"].as_str() else { return };
        match (line["misrule"].as_str(), line["request_id"].as_str()) {
            (Some("injected"), Some(request)) => {
                self.lock().injected.entry(request.to_owned()).or_default().push(experiment.to_owned());
            }
            (Some("armed"), _) => {
                self.lock().armed.insert(experiment.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn armed(&self, experiment: &str) -> bool {
        self.lock().armed.contains(experiment)
    }

    /// There will be no other experiment.
    pub(super) fn over(&self) {
        self.lock().over = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// The log names, for each invocation, the experiment that answered it, once for each of its two policies.
    pub(super) fn agrees(&self, answered: &BTreeMap<String, String>) -> Result<()> {
        let noted = self.lock();
        for (request, experiment) in answered {
            let named = noted.injected.get(request).map(Vec::as_slice).unwrap_or_default();
            ensure!(
                named == [experiment.clone(), experiment.clone()],
                "{request} was answered by {experiment}, decided by {named:?}"
            );
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(lines: &[(&str, &str)]) -> Decided {
        let decided = Decided::default();
        for (request, experiment) in lines {
            let line = json!({ "misrule": "injected", "request_id": request, "experiment": experiment });
            decided.note(&line.to_string());
        }
        decided
    }

    #[test]
    fn an_invocation_has_one_experiment_in_both_its_lines() {
        let answered = BTreeMap::from([("r1".to_owned(), "new".to_owned())]);
        let agrees = |lines: &[_]| after(lines).agrees(&answered).is_ok();
        assert!(agrees(&[("r1", "new"), ("r1", "new"), ("r2", "old")]));
        for wrong in [
            &[("r1", "new"), ("r1", "old")][..],
            &[("r1", "old"), ("r1", "old")],
            &[("r1", "new")],
            &[("r1", "new"), ("r1", "new"), ("r1", "new")],
            &[],
        ] {
            assert!(!agrees(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn an_experiment_is_armed_by_its_line() {
        let decided = after(&[("r1", "new")]);
        assert!(!decided.armed("new"));
        decided.note(r#"{ "misrule": "armed", "experiment": "new" }"#);
        assert!(decided.armed("new"));
    }
}
