//! Records as JSON, so that they outlive the process that made them: after a crash or a timeout Lambda starts the layer
//! again in the same execution environment. Names, digests and counts; nothing of any event.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use serde::{Deserialize, Serialize};

use super::{Handlers, Kept, Record, Records, Sliding, Stopped, lock};
use crate::digest::Digest;
use crate::limits::{RECORDS, RECORDS_BYTES};

/// What should be kept records is none. Nothing of it is repeated: anybody may have written it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// It is larger than records can be.
    #[error("{size} bytes of records are more than the {RECORDS_BYTES} that are kept")]
    TooLarge {
        /// Its size in bytes; where it was not read to its end, more than the limit.
        size: usize,
    },
    /// It is of more experiment versions than are remembered.
    #[error("records of {count} experiment versions are more than the {RECORDS} that are remembered")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// It is something else.
    #[error("no record of experiments at line {line}, column {column}")]
    NotOurs {
        /// Where that shows.
        line: usize,
        /// Where in that line.
        column: usize,
    },
}

/// One experiment version.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    version: Digest,
    touched: u64,
    stopped: Option<Stopped>,
    /// The same for all versions of one name.
    minute: Sliding,
    answered: Sliding,
    failed: Sliding,
}

impl Records {
    /// All that is remembered, at this moment.
    ///
    /// # Errors
    /// [`RecordsError::TooLarge`].
    pub fn to_json(&self) -> Result<Vec<u8>, RecordsError> {
        let entries: Vec<_> = self.0.iter().map(Entry::of).collect();
        let json = serde_json::to_vec(&entries).map_err(|error| not_ours(&error))?;
        let size = json.len();
        if RECORDS_BYTES.admits(size) { Ok(json) } else { Err(RecordsError::TooLarge { size }) }
    }

    /// What was remembered then.
    ///
    /// # Errors
    /// [`RecordsError`], where it is anything else.
    pub fn from_json(json: &[u8]) -> Result<Self, RecordsError> {
        let size = json.len();
        if !RECORDS_BYTES.admits(size) {
            return Err(RecordsError::TooLarge { size });
        }
        let entries: Vec<Entry> = serde_json::from_slice(json).map_err(|error| not_ours(&error))?;
        let count = entries.len();
        if !RECORDS.admits(count) {
            return Err(RecordsError::TooMany { count });
        }
        let mut records = Self::default();
        entries.into_iter().for_each(|entry| records.take(entry));
        Ok(records)
    }

    fn take(&mut self, entry: Entry) {
        let Entry { name, version, touched, stopped, minute, answered, failed } = entry;
        let minute = self.minute_of(&name).unwrap_or_else(|| Arc::new(Mutex::new(minute)));
        let handlers = Mutex::new(Handlers { answered, failed });
        let stopped = stopped.map_or_else(OnceLock::new, OnceLock::from);
        let record = Arc::new(Record { minute, touched: AtomicU64::new(touched), handlers, stopped });
        self.0.push(Kept { name, version, record });
    }
}

impl Entry {
    fn of(kept: &Kept) -> Self {
        let Kept { name, version, record } = kept;
        let handlers = lock(&record.handlers).clone();
        Self {
            name: name.clone(),
            version: *version,
            touched: record.touched.load(Ordering::Relaxed),
            stopped: record.stopped(),
            minute: lock(&record.minute).clone(),
            answered: handlers.answered,
            failed: handlers.failed,
        }
    }
}

fn not_ours(error: &serde_json::Error) -> RecordsError {
    RecordsError::NotOurs { line: error.line(), column: error.column() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::{NOW, after, experiment, spend};
    use super::*;
    use crate::decision::RefusalReason;

    fn again(records: &Records) -> Records {
        Records::from_json(&records.to_json().unwrap()).unwrap()
    }

    #[test]
    fn what_was_spent_stays_spent_after_a_restart() {
        let both = experiment("a", "budget = { per_environment = 5, per_minute = 3 }");
        let mut records = Records::default();
        assert_eq!(spend(&records.of(&both, Digest::of(b"1")), &both, NOW), (3, Some(RefusalReason::MinuteBudget)));
        records.of(&both, Digest::of(b"2"));
        let mut records = again(&records);
        let first = records.of(&both, Digest::of(b"1"));
        assert_eq!(spend(&first, &both, after(60)), (0, Some(RefusalReason::MinuteBudget)));
        assert_eq!(spend(&first, &both, after(61)), (2, Some(RefusalReason::EnvironmentBudget)));
        let second = records.of(&both, Digest::of(b"2"));
        assert_eq!(spend(&second, &both, after(61)), (1, Some(RefusalReason::MinuteBudget)), "they share a minute");
    }

    #[test]
    fn what_stopped_stays_stopped_and_what_failed_still_counts() {
        let stopping = experiment("a", "stop_when = { handler_errors = 0.5, over = \"10s\", min_invocations = 4 }");
        let stop_when = stopping.blast_radius.stop_when.unwrap();
        let mut records = Records::default();
        let record = records.of(&stopping, Digest::of(b"1"));
        (0..3).for_each(|_| assert_eq!(record.answered(&stop_when, true, NOW), None));
        let mut records = again(&records);
        let record = records.of(&stopping, Digest::of(b"1"));
        let stopped = Stopped { errors: 3, invocations: 4 };
        assert_eq!(record.answered(&stop_when, false, NOW), Some(stopped));
        assert_eq!(again(&records).of(&stopping, Digest::of(b"1")).stopped(), Some(stopped));
    }

    #[test]
    fn what_is_no_record_is_refused_and_not_repeated() {
        let entry = r#"{"name":"a","version":"VERSION","touched":1,"stopped":null,"minute":SLIDING,"answered":SLIDING,"failed":SLIDING}"#;
        let entry =
            entry.replace("VERSION", &"0a".repeat(32)).replace("SLIDING", r#"{"slice_ms":1000,"slices":[[7,2]]}"#);
        assert_eq!(Records::from_json(format!("[{entry}]").as_bytes()).unwrap().0.len(), 1);
        let wrong = [
            String::new(),
            "secret".to_owned(),
            format!("[{entry}"),
            format!("[{entry}]x"),
            format!("[{}]", entry.replace("\"touched\":1,", "")),
            format!("[{}]", entry.replace("\"touched\":1", "\"touched\":-1")),
            format!("[{}]", entry.replace("\"name\"", "\"secret\":1,\"name\"")),
            format!("[{}]", entry.replace("0a0a", "secret")),
            format!("[{}]", entry.replace("1000", "0")),
            format!("[{}]", entry.replace("[7,2]", "[7,2],[900,1]")),
        ];
        for text in wrong {
            let error = Records::from_json(text.as_bytes()).unwrap_err();
            assert!(matches!(error, RecordsError::NotOurs { .. }), "{text}: {error:?}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let many = vec![entry; RECORDS.size() + 1].join(",");
        assert_eq!(
            Records::from_json(format!("[{many}]").as_bytes()).unwrap_err(),
            RecordsError::TooMany { count: 65 }
        );
        let size = RECORDS_BYTES.size() + 1;
        assert_eq!(Records::from_json(&vec![b' '; size]).unwrap_err(), RecordsError::TooLarge { size });
    }

    /// Any number, and more often than chance would have it the largest and those of today.
    fn number() -> impl Strategy<Value = u64> {
        let today = NOW.as_milliseconds() / 1000;
        prop_oneof![any::<u64>(), Just(u64::MAX), today - 60..=today, 0..3_u64]
    }

    proptest! {
        #[test]
        fn whatever_numbers_stand_there_budgets_and_stops_go_on(
            touched in number(),
            stopped in prop::option::of((number(), number())),
            slice_ms in number(),
            slices in prop::collection::vec((number(), number()), 0..4),
        ) {
            let bounded = experiment("a", "budget = { per_environment = 5 }\nstop_when = { handler_errors = 0.5 }");
            let sliding = json!({ "slice_ms": slice_ms, "slices": slices });
            let stopped = stopped.map(|(errors, invocations)| json!({ "errors": errors, "invocations": invocations }));
            let entry = json!({
                "name": "a", "version": Digest::of(b"1"), "touched": touched, "stopped": stopped,
                "minute": sliding, "answered": sliding, "failed": sliding,
            });
            let Ok(mut records) = Records::from_json(json!([entry]).to_string().as_bytes()) else { return Ok(()) };
            let record = records.of(&bounded, Digest::of(b"1"));
            let (granted, _) = spend(&record, &bounded, NOW);
            prop_assert_eq!(granted, 5_u64.saturating_sub(touched));
            let _ = record.answered(&bounded.blast_radius.stop_when.unwrap(), true, NOW);
            prop_assert!(stopped.is_none() || record.stopped().is_some());
            let json = records.to_json().unwrap();
            prop_assert_eq!(Records::from_json(&json).unwrap().to_json().unwrap(), json);
        }
    }

    /// As large as records get: windows that are busy in each of their slices, in as many versions as are remembered.
    #[test]
    fn the_largest_records_are_kept() {
        let stopping = experiment(&"a".repeat(64), "stop_when = { handler_errors = 1.0, min_invocations = 1000000 }");
        let stop_when = stopping.blast_radius.stop_when.unwrap();
        let mut records = Records::default();
        for number in 0..RECORDS.value {
            let record = records.of(&stopping, Digest::of(&number.to_le_bytes()));
            spend(&record, &stopping, after(number));
            record.answered(&stop_when, true, after(number));
        }
        let json = records.to_json().unwrap();
        assert_eq!(Records::from_json(&json).unwrap().to_json().unwrap(), json);
    }
}
