//! Batches: records taken out of an event, and records reported as failed in an answer.

use super::members::{Members, replaced};
use super::{EditError, pointed};
use crate::invocation::json::{self, Part};
use crate::invocation::{Source, batch};

/// The event without the records of these ids.
///
/// # Errors
/// [`EditError`] where it is no batch of this source.
pub fn without_records(event: &[u8], source: Source, ids: &[String]) -> Result<Vec<u8>, EditError> {
    let text = std::str::from_utf8(event).map_err(|_| EditError::NotJson)?;
    let mut cuts = Vec::new();
    for list in lists(event, source).ok_or(EditError::NoParent(1))? {
        let records = Members::of(text, list).ok_or(EditError::NoParent(1))?;
        let is_gone = |index: &usize| {
            let record = records.value(*index).and_then(|place| text.get(place));
            record.and_then(|record| batch::item(source, record)).is_some_and(|item| ids.contains(&item.id))
        };
        let gone: Vec<_> = (0..records.len()).filter(is_gone).collect();
        cuts.extend(records.without(text, &gone).into_iter().map(|cut| (cut, "")));
    }
    Ok(replaced(text, &cuts))
}

/// The lists of records: Kafka has one for each partition.
fn lists(event: &[u8], source: Source) -> Option<Vec<&str>> {
    if source != Source::Kafka {
        return json::at(event, "/Records").map(|list| vec![list]);
    }
    let mut lists = Vec::new();
    json::walk(json::at(event, "/records")?, |part, list| {
        if matches!(part, Part::Member(_)) {
            lists.push(list);
        }
    })?;
    Some(lists)
}

/// The answer with these identifiers, in JSON, among the `batchItemFailures` that it reports, each once. An answer that reports
/// nothing (none, `null`, an object without the list) becomes a report.
///
/// # Errors
/// [`EditError::NoReport`] where the answer is something else, in which Lambda would find no report.
pub fn report(answer: &[u8], failed: &[String]) -> Result<Vec<u8>, EditError> {
    let item = |identifier: &String| format!(r#"{{"itemIdentifier":{identifier}}}"#);
    let list = |failed: &[&String]| failed.iter().map(|identifier| item(identifier)).collect::<Vec<_>>().join(",");
    let whole = json::at(answer, "").unwrap_or_default();
    if answer.trim_ascii().is_empty() || whole == "null" {
        return Ok(format!(r#"{{"batchItemFailures":[{}]}}"#, list(&failed.iter().collect::<Vec<_>>())).into());
    }
    match (whole.starts_with('{'), json::at(answer, "/batchItemFailures")) {
        (true, None | Some("null")) => {
            let all = format!("[{}]", list(&failed.iter().collect::<Vec<_>>()));
            pointed(answer, "/batchItemFailures", Some(&all))
        }
        (true, Some(known)) if known.starts_with('[') => {
            let reported = reported(known);
            let new: Vec<_> = failed.iter().filter(|identifier| !is_among(identifier, &reported)).collect();
            let start = known.strip_suffix(']').unwrap_or(known).trim_end();
            let comma = if new.is_empty() || start == "[" { "" } else { "," };
            pointed(answer, "/batchItemFailures", Some(&format!("{start}{comma}{}]", list(&new))))
        }
        _ => Err(EditError::NoReport),
    }
}

fn reported(list: &str) -> Vec<serde_json::Value> {
    let mut identifiers = Vec::new();
    json::walk(list, |_, item| {
        identifiers
            .extend(json::at(item.as_bytes(), "/itemIdentifier").and_then(|text| serde_json::from_str(text).ok()));
    });
    identifiers
}

fn is_among(identifier: &str, reported: &[serde_json::Value]) -> bool {
    serde_json::from_str(identifier).is_ok_and(|identifier: serde_json::Value| reported.contains(&identifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn records_are_taken_out_and_the_others_stay_as_they_were() {
        let event = br#"{ "Records": [ {"messageId":"a"}, {"messageId" : "b"}, {"messageId":"c"} ], "x": 1 }"#;
        let without =
            |gone: &[&str]| String::from_utf8(without_records(event, Source::Sqs, &ids(gone)).unwrap()).unwrap();
        assert_eq!(without(&["b"]), r#"{ "Records": [ {"messageId":"a"}, {"messageId":"c"} ], "x": 1 }"#);
        assert_eq!(without(&["a", "c"]), r#"{ "Records": [ {"messageId" : "b"} ], "x": 1 }"#);
        assert_eq!(without(&["x"]).as_bytes(), event);
        assert_eq!(without_records(b"{}", Source::Sqs, &ids(&["a"])), Err(EditError::NoParent(1)));
    }

    #[test]
    fn each_partition_of_kafka_loses_its_own() {
        let record =
            |partition: u8, offset: u8| format!(r#"{{"topic":"t","partition":{partition},"offset":{offset}}}"#);
        let event = |one: &str, two: &str| format!(r#"{{"records":{{"t-0":[{one}],"t-1":[{two}]}}}}"#);
        let whole = event(&[record(0, 1), record(0, 2)].join(","), &record(1, 1));
        let without = without_records(whole.as_bytes(), Source::Kafka, &ids(&["t-0-2", "t-1-1"])).unwrap();
        assert_eq!(String::from_utf8(without).unwrap(), event(&record(0, 1), ""));
    }

    #[test]
    fn failures_join_what_is_reported_each_once() {
        let both = r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#;
        let rows = [
            ("", both),
            ("null", both),
            ("{}", both),
            (r#"{"batchItemFailures":null}"#, both),
            (r#"{"batchItemFailures": []}"#, &both.replace(":[", ": [")),
            (r#"{"batchItemFailures":[{"itemIdentifier":"a"} ]}"#, both),
            (both, both),
        ];
        for (answer, expected) in rows {
            let joined = report(answer.as_bytes(), &ids(&["\"a\"", "\"b\""])).unwrap();
            assert_eq!(String::from_utf8(joined).unwrap(), expected, "{answer}");
        }
        let beside = report(br#"{"n":1}"#, &ids(&["\"a\""])).unwrap();
        assert_eq!(beside, br#"{"n":1,"batchItemFailures":[{"itemIdentifier":"a"}]}"#);
        let kafka = ids(&[r#"{"partition":"t-0","offset":2}"#]);
        let known = br#"{"batchItemFailures":[{"itemIdentifier":{"offset":2,"partition":"t-0"}}]}"#;
        assert_eq!(report(known, &kafka).unwrap(), known, "the same record, written otherwise");
    }

    #[test]
    fn what_lambda_would_not_read_as_a_report_becomes_none() {
        for answer in ["\"ok\"", "[]", "7", "no json", r#"{"batchItemFailures":"a"}"#] {
            assert_eq!(report(answer.as_bytes(), &ids(&["\"a\""])), Err(EditError::NoReport), "{answer}");
        }
    }
}
