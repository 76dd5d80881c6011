//! An event as a policy may look at it. The first line is a JSON pointer, the rest is the event. What the lazy view says is
//! held against a parser that reads everything.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use misrule_engine::invocation::{Document, Head, Invocation, RequestId, json};
use misrule_engine::time::Timestamp;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (pointer, event) = input.split_at(end);
    let pointer = String::from_utf8_lossy(pointer);
    let event = event.get(1..).unwrap_or_default();
    let invocation = Invocation::new(head(), Bytes::copy_from_slice(event));
    ask_everything(&invocation, &pointer);
    // Numbers beyond f64 and depths beyond the parser's own limit are none of its business.
    if let Ok(whole) = serde_json::from_slice(event) {
        agrees(&invocation, &pointer, &whole);
    }
});

fn head() -> Head {
    Head {
        request_id: RequestId::new("6f0e6f5c-9a0e-4f6d-8a3d-1c2b3a4d5e6f"),
        invocation_id: None,
        invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:orders".to_owned(),
        trace_id: None,
        tenant_id: None,
        arrived: Timestamp::from_milliseconds(1_796_115_600_000),
        deadline: Timestamp::from_milliseconds(1_796_115_603_000),
        sequence: 0,
    }
}

/// In whatever order: nothing fails, and nothing changes by being asked twice.
fn ask_everything(invocation: &Invocation, pointer: &str) {
    let ask = || {
        let request = (invocation.method(), invocation.path(), invocation.header(pointer), invocation.query(pointer));
        let batch: Vec<_> =
            (0..invocation.batch_size().min(4)).map(|index| invocation.batch_item(index).is_some()).collect();
        let body =
            (invocation.body(), invocation.json(Document::Body, pointer), invocation.count(Document::Body, pointer));
        (invocation.source(), invocation.answerable(), request, batch, body)
    };
    let first = format!("{:?}", ask());
    assert_eq!(first, format!("{:?}", ask()));
}

fn agrees(invocation: &Invocation, pointer: &str, whole: &Value) {
    let (document, expected) = (Document::Whole, whole.pointer(pointer));
    let found = invocation.json(document, pointer);
    assert_eq!(found.map(|text| serde_json::from_str(text).ok()), expected.map(|value| Some(value.clone())));
    assert_eq!(invocation.text(document, pointer).as_deref(), expected.and_then(Value::as_str));
    assert_eq!(invocation.number(document, pointer), expected.and_then(Value::as_f64));
    let parts = expected.and_then(Value::as_array).map(Vec::len);
    let members = expected.and_then(Value::as_object).map(serde_json::Map::len);
    let count = invocation.count(document, pointer).map(|count| count as usize);
    assert_eq!(count, parts.or(members));
    assert_eq!(found.map_or(0, |text| json::members(text).len()), members.unwrap_or(0));
}
