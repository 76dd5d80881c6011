//! Batches of records, as event source mappings deliver them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::Source;
use super::document::JsonText;
use super::json::{self, Part};

/// One record of an SQS, Kinesis, DynamoDB or Kafka batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What a partial-batch report names: the message id of SQS, the sequence number of Kinesis and DynamoDB,
    /// `TOPIC-PARTITION-OFFSET` for Kafka.
    pub id: String,
    /// The record's payload: decoded from base64 (Kinesis, Kafka), the body as it is (SQS), the JSON text of the record's
    /// `dynamodb` member (DynamoDB).
    pub body: Vec<u8>,
    /// How often it was received, this time included; only SQS tells.
    pub attempts: Option<u32>,
}

/// The largest batch that an event source mapping delivers; records beyond it are not seen.
const LARGEST_BATCH: usize = 10_000;

/// Where the records of a batch stand.
pub(super) struct Batch {
    source: Source,
    records: Vec<Bytes>,
}

impl Batch {
    pub(super) fn of(source: Source, event: &JsonText) -> Self {
        let mut batch = Self { source, records: Vec::new() };
        match source {
            Source::Sqs | Source::Kinesis | Source::Dynamodb => batch.take(event, event.member("Records")),
            Source::Kafka => batch.take_groups(event),
            _ => {}
        }
        batch
    }

    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn item(&self, index: u32) -> Option<Item> {
        let record = std::str::from_utf8(self.records.get(usize::try_from(index).ok()?)?).ok()?;
        item(self.source, record)
    }

    /// The records with these ids, in the batch's order, each as a partial-batch report names it: in JSON.
    pub(super) fn named(&self, ids: &[String]) -> Vec<String> {
        let items = (0..self.size()).filter_map(|index| self.item(index));
        items.filter(|item| ids.contains(&item.id)).map(|item| identifier(self.source, &item.id)).collect()
    }

    /// Kafka's records stand in groups, a topic's partition each.
    fn take_groups(&mut self, event: &JsonText) {
        json::walk(event.member("records").unwrap_or_default(), |part, group| {
            if matches!(part, Part::Member(_)) {
                self.take(event, Some(group));
            }
        });
    }

    fn take(&mut self, event: &JsonText, list: Option<&str>) {
        json::walk(list.unwrap_or_default(), |part, record| {
            if matches!(part, Part::Element(_)) && self.records.len() < LARGEST_BATCH {
                self.records.push(event.bytes().slice_ref(record.as_bytes()));
            }
        });
    }
}

/// What a record of this source is; none where it has no id.
pub(super) fn item(source: Source, record: &str) -> Option<Item> {
    match source {
        Source::Sqs => sqs(record),
        Source::Kinesis => kinesis(record),
        Source::Dynamodb => dynamodb(record),
        _ => kafka(record),
    }
}

/// Kafka's records are named by `TOPIC-PARTITION` and offset, the others by their id.
/// <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>
fn identifier(source: Source, id: &str) -> String {
    match (source, id.rsplit_once('-')) {
        (Source::Kafka, Some((partition, offset))) => {
            format!(r#"{{"partition":{},"offset":{offset}}}"#, json::quoted(partition))
        }
        _ => json::quoted(id),
    }
}

fn sqs(record: &str) -> Option<Item> {
    let attempts = text(record, "/attributes/ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let body = text(record, "/body").unwrap_or_default().into_bytes();
    Some(Item { id: text(record, "/messageId")?, body, attempts })
}

fn kinesis(record: &str) -> Option<Item> {
    let body = decoded(text(record, "/kinesis/data"));
    Some(Item { id: text(record, "/kinesis/sequenceNumber")?, body, attempts: None })
}

fn dynamodb(record: &str) -> Option<Item> {
    let change = json::at(record.as_bytes(), "/dynamodb")?;
    Some(Item { id: text(change, "/SequenceNumber")?, body: change.into(), attempts: None })
}

fn kafka(record: &str) -> Option<Item> {
    let at = |pointer| json::at(record.as_bytes(), pointer);
    let id = format!("{}-{}-{}", text(record, "/topic")?, at("/partition")?, at("/offset")?);
    Some(Item { id, body: decoded(text(record, "/value")), attempts: None })
}

fn text(value: &str, pointer: &str) -> Option<String> {
    json::text(json::at(value.as_bytes(), pointer)?)
}

/// A payload that is absent, or no base64, is empty.
fn decoded(payload: Option<String>) -> Vec<u8> {
    payload.and_then(|payload| BASE64_STANDARD.decode(payload).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn items(event: &Value) -> Vec<Item> {
        let event = JsonText::new(Bytes::from(event.to_string()));
        let batch = Batch::of(Source::of(&event), &event);
        assert_eq!(batch.item(batch.size()), None);
        (0..batch.size()).map(|index| batch.item(index).unwrap()).collect()
    }

    fn item(id: &str, body: &str, attempts: Option<u32>) -> Item {
        Item { id: id.to_owned(), body: body.into(), attempts }
    }

    #[test]
    fn the_records_of_each_source_are_read() {
        let sqs = json!({"Records": [
            {"messageId": "m-1", "body": "a\nb", "attributes": {"ApproximateReceiveCount": "3"}, "eventSource": "aws:sqs"},
            {"messageId": "m-2", "body": "", "eventSource": "aws:sqs"},
        ]});
        assert_eq!(items(&sqs), [item("m-1", "a\nb", Some(3)), item("m-2", "", None)]);
        let kinesis =
            json!({"Records": [{"kinesis": {"sequenceNumber": "49", "data": "aGk="}, "eventSource": "aws:kinesis"}]});
        assert_eq!(items(&kinesis), [item("49", "hi", None)]);
        let dynamodb = json!({"Records": [{"dynamodb": {"SequenceNumber": "111"}, "eventSource": "aws:dynamodb"}]});
        assert_eq!(items(&dynamodb), [item("111", r#"{"SequenceNumber":"111"}"#, None)]);
        let kafka = json!({"eventSource": "aws:kafka", "records": {
            "orders-0": [{"topic": "orders", "partition": 0, "offset": 15, "value": "aGk="}],
            "orders-1": [{"topic": "orders", "partition": 1, "offset": 2, "value": null}],
        }});
        assert_eq!(items(&kafka), [item("orders-0-15", "hi", None), item("orders-1-2", "", None)]);
    }

    #[test]
    fn a_report_names_records_as_their_source_wants_it() {
        let named = |event: &Value, ids: &[&str]| {
            let event = JsonText::new(Bytes::from(event.to_string()));
            let ids: Vec<_> = ids.iter().map(|&id| id.to_owned()).collect();
            Batch::of(Source::of(&event), &event).named(&ids)
        };
        let sqs = json!({"Records": [{"messageId": "a", "eventSource": "aws:sqs"}, {"messageId": "b", "eventSource": "aws:sqs"}]});
        assert_eq!(named(&sqs, &["b", "x", "a"]), ["\"a\"", "\"b\""]);
        let kafka = json!({"eventSource": "aws:kafka", "records": {
            "my-orders-0": [{"topic": "my-orders", "partition": 0, "offset": 15}],
        }});
        assert_eq!(named(&kafka, &["my-orders-0-15"]), [r#"{"partition":"my-orders-0","offset":15}"#]);
    }

    #[test]
    fn what_is_no_batch_has_no_records() {
        assert!(items(&json!({"Records": [{"eventSource": "aws:s3"}]})).is_empty());
        assert!(items(&json!({"order": 7})).is_empty());
    }

    #[test]
    fn a_batch_ends_where_lambdas_do() {
        let record = json!({"messageId": "m", "body": "", "eventSource": "aws:sqs"});
        assert_eq!(items(&json!({"Records": vec![record; LARGEST_BATCH + 1]})).len(), LARGEST_BATCH);
    }
}
