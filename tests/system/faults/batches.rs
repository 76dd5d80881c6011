//! Records of a batch that fail, as the handler on AWS's Python client and Lambda's poller see it.

use anyhow::{Context as _, Result};
use misrule_tests::emulator::{self, Emulator, Instances};
use misrule_tests::layered;
use serde_json::{Value, json};

use super::{armed_with, emulated, experiment_of};

/// A batch of three records, of which a policy fails the second before the handler and the third after it; the handler
/// itself reports the first.
struct Batch {
    source: &'static str,
    /// How a policy names the second and the third.
    ids: [&'static str; 2],
    /// How a report names all three.
    identifiers: Value,
    records: Value,
}

const SOURCES: &[fn() -> Batch] = &[sqs, kinesis, dynamodb, kafka];

fn sqs() -> Batch {
    let record = |id: &str| json!({ "messageId": id, "body": "{}", "eventSource": "aws:sqs" });
    let records = json!({ "Records": [record("a"), record("b"), record("c")] });
    Batch { source: "SQS", ids: ["b", "c"], identifiers: json!(["a", "b", "c"]), records }
}

fn kinesis() -> Batch {
    let record =
        |id: &str| json!({ "kinesis": { "sequenceNumber": id, "data": "aGk=" }, "eventSource": "aws:kinesis" });
    let records = json!({ "Records": [record("491"), record("492"), record("493")] });
    Batch { source: "Kinesis", ids: ["492", "493"], identifiers: json!(["491", "492", "493"]), records }
}

fn dynamodb() -> Batch {
    let record = |id: &str| json!({ "dynamodb": { "SequenceNumber": id }, "eventSource": "aws:dynamodb" });
    let records = json!({ "Records": [record("111"), record("112"), record("113")] });
    Batch { source: "DynamoDB", ids: ["112", "113"], identifiers: json!(["111", "112", "113"]), records }
}

fn kafka() -> Batch {
    let record = |partition: u32, offset: u32| json!({ "topic": "orders", "partition": partition, "offset": offset });
    let records = json!({ "orders-0": [record(0, 15), record(0, 16)], "orders-1": [record(1, 2)] });
    let records = json!({ "eventSource": "aws:kafka", "records": records });
    let named = |partition: &str, offset: u32| json!({ "partition": partition, "offset": offset });
    let identifiers = json!([named("orders-0", 15), named("orders-0", 16), named("orders-1", 2)]);
    Batch { source: "Kafka", ids: ["orders-0-16", "orders-1-2"], identifiers, records }
}

impl Batch {
    /// The event, for a handler that returns it: with its own report in it.
    fn event(&self) -> Value {
        let mut event = self.records.clone();
        event["rawPath"] = json!("/seen");
        event["batchItemFailures"] = json!([{ "itemIdentifier": self.identifiers[0] }]);
        event
    }

    /// What the handler gets where records are taken out.
    fn without_the_second(&self) -> Value {
        let mut event = self.event();
        let list = event.pointer_mut("/Records").is_some();
        let records = if list { event.pointer_mut("/Records") } else { event.pointer_mut("/records/orders-0") };
        records.and_then(Value::as_array_mut).map(|records| records.remove(1));
        event
    }
}

/// An experiment under which the same records fail in the batches of all sources.
fn experiment(partial_batches: bool) -> Result<Vec<u8>> {
    let batches: Vec<_> = SOURCES.iter().map(|source| source()).collect();
    let names = |number: usize| batches.iter().map(|batch| batch.ids[number]).collect::<Vec<_>>();
    let before = json!({ "before": [{ "fault": "fail-items", "names": names(0) }] });
    let after = json!({ "after": [{ "fault": "fail-items", "names": names(1) }], "answer_body": true });
    let policy =
        |name: &str, settings: Value| json!({ "name": name, "module": "catalogue.wasm", "settings": settings });
    experiment_of(
        &json!([policy("early", before), policy("late", after)]),
        &json!({ "partial_batches": partial_batches }),
    )
}

/// The handler got what it was to get, and all three records are reported.
fn is_right(batch: &Batch, partial_batches: bool, answer: &[u8]) -> Result<()> {
    let mut answer: Value = serde_json::from_slice(answer)?;
    let report = answer["batchItemFailures"].take();
    let reported: Vec<_> = report.as_array().into_iter().flatten().map(|one| &one["itemIdentifier"]).collect();
    let mut expected = if partial_batches { batch.without_the_second() } else { batch.event() };
    expected["batchItemFailures"] = Value::Null;
    assert_eq!(answer, expected, "{}: what the handler got", batch.source);
    let all = [0, 1, 2].iter().all(|number| reported.contains(&&batch.identifiers[*number]));
    assert!(reported.len() == 3 && all, "{}: {report}", batch.source);
    Ok(())
}

#[tokio::test]
pub(super) async fn records_fail_beside_those_that_the_handler_reports() -> Result<()> {
    for partial_batches in [false, true] {
        let layered = armed_with(layered::python("orders")?, experiment(partial_batches)?, &[]).await?;
        for batch in SOURCES.iter().map(|source| source()) {
            let invoked = layered.function.invoke(batch.event().to_string()).await;
            is_right(&batch, partial_batches, &invoked.outcome.bytes().await)?;
        }
        assert_eq!(layered.until_line("injected").await["faults"], json!(["fail-items"]));
    }
    Ok(())
}

#[tokio::test]
async fn records_fail_under_awss_emulator_too() -> Result<()> {
    let test = "faults::batches::records_fail_under_awss_emulator_too";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let opt = emulator::layer()?;
    let builder = Emulator::builder(namespace, opt.path()).handler("app.handler");
    let (emulator, _appconfig) = emulated(builder, experiment(true)?).await?;
    for batch in SOURCES.iter().map(|source| source()) {
        let answer = emulator.invoke(&batch.event().to_string()).await?;
        is_right(&batch, true, answer.body.as_bytes()).with_context(|| emulator.last_words())?;
    }
    Ok(())
}
