//! The JSON Schema of `misrule schema`, judged by a validator that is not ours (draft 4 of PyPI's jsonschema), beside the
//! engine: what the engine takes the schema admits, and what the schema refuses the engine refuses.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use misrule_engine::delivery::Delivery;
use misrule_engine::experiment::{Ends, Experiment};
use misrule_engine::time::Timestamp;
use misrule_tests::programs::{checkout, program, python};
use serde_json::{Value, json};

/// A line in is a text; a line out says whether the schema admits it.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft4Validator
schema = json.loads(sys.argv[1])
Draft4Validator.check_schema(schema)
validator = Draft4Validator(schema)
for line in sys.stdin:
    try:
        print(validator.is_valid(json.loads(json.loads(line))))
    except ValueError:
        print(False)
";

/// 2026-12-01T09:00:00Z, when the experiments of the fuzz corpus begin.
const NOW: Timestamp = Timestamp::from_milliseconds(1_796_115_600_000);

/// Whether the schema admits each of these texts.
fn admits(texts: &[String]) -> Result<Vec<bool>> {
    let schema = Command::new(program("misrule")?).arg("schema").output()?;
    let mut command = Command::new(python("python")?);
    command.args(["-c", VALIDATOR]).arg(String::from_utf8(schema.stdout)?);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut asking = child.stdin.take().context("its stdin")?;
    let lines: String = texts.iter().map(|text| format!("{}\n", json!(text))).collect();
    let writer = std::thread::spawn(move || asking.write_all(lines.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(output.status.success() && writer.join().is_ok_and(|written| written.is_ok()));
    let told: Vec<_> = String::from_utf8(output.stdout)?.lines().map(|line| line == "True").collect();
    ensure!(told.len() == texts.len());
    Ok(told)
}

/// Whether a layer takes this text, at some time.
fn is_taken(text: &str) -> bool {
    match Delivery::read(&text.to_owned().into(), None) {
        Ok(Delivery::Halt) => true,
        Ok(Delivery::Experiment(package)) => matches!(package.experiment.ends, Ends::At(_)),
        Err(_) => false,
    }
}

fn right() -> Value {
    json!({
        "name": "us-region-outage",
        "hypothesis": "Every client moves to the EU region.",
        "starts": "2026-12-01T09:00:00Z",
        "expires": "2026-12-01T11:00:00+01:00",
        "published_to": {
            "accounts": ["012345678901"], "regions": ["us-east-1", "eu-west-1"], "environments": ["prod", "Prod EU"],
        },
        "blast_radius": {
            "functions": ["health-*", "orders:live", "o?-$LATEST"], "accounts": ["012345678901"],
            "regions": ["us-gov-west-1"], "faults": ["respond-http", "fail-items"], "rate": 0.25, "max_delay": "0s",
            "budget": { "per_environment": 1000, "per_minute": 60 },
            "stop_when": { "handler_errors": 0.2, "over": "2m", "min_invocations": 30 }, "max_age": "1h30m",
        },
        "policy": [
            { "use": "path-outage", "name": "a_b.c", "rate": 1, "settings": { "paths": ["/health"], "deep": [null] } },
            { "use": "latency" },
        ],
    })
}

/// The right experiment with this value in this place.
fn with(pointer: &str, value: &Value) -> String {
    let mut experiment = right();
    let (table, field) = pointer.rsplit_once('/').expect("a pointer");
    let table = experiment.pointer_mut(table).expect("a table");
    match table {
        Value::Array(items) => items[field.parse::<usize>().expect("a place")] = value.clone(),
        table => table[field] = value.clone(),
    }
    experiment.to_string()
}

/// Ways to write an instant.
const INSTANTS: &[&str] = &[
    "2026-12-01 09:30:00Z",
    "20261201T093000Z",
    "2026-12-01T10:30+01",
    "2026-12-01t09:30:00z",
    "2026-12-01T09:30:00,5Z",
    "2026-12-01T10:30:00+01:00[Europe/Paris]",
    "+002026-12-01T09:30:00Z",
    "2026-12-01T10Z",
];

/// Values that are as good as those in their places.
fn as_good() -> Vec<String> {
    let mut texts = vec![right().to_string(), r#"{"halt": true}"#.to_owned(), " {\"halt\":true}\n".to_owned()];
    for instant in INSTANTS {
        texts.push(with("/expires", &json!(instant)));
    }
    for (pointer, value) in [
        ("/starts", Value::Null),
        ("/duration", Value::Null),
        ("/published_to", json!({})),
        ("/blast_radius/rate", json!(0)),
        ("/blast_radius/budget", json!({ "per_environment": null, "per_minute": 1 })),
        ("/blast_radius/stop_when/handler_errors", json!(1)),
        ("/policy/0/module", Value::Null),
        ("/policy/0/settings", Value::Null),
    ] {
        texts.push(with(pointer, &value));
    }
    texts
}

/// What neither the engine nor the schema takes.
fn wrong() -> Vec<String> {
    let mut texts: Vec<_> =
        ["", "[]", "{}", "null", r#"{"halt": false}"#, r#"{"halt": 1}"#, r#"{"halt": true, "name": "a"}"#]
            .map(str::to_owned)
            .into();
    let long = "x".repeat(65);
    let crowd: Vec<_> = (0..33).map(|n| json!({ "use": "latency", "name": format!("p{n}") })).collect();
    for (pointer, value) in [
        ("/owner", json!("me")),
        ("/halt", json!(true)),
        ("/name", json!("a b")),
        ("/name", json!(long)),
        ("/name", Value::Null),
        ("/hypothesis", json!(5)),
        ("/expires", json!("tonight")),
        ("/expires", json!("2026-12-01T09:30:00")),
        ("/expires", json!(1_796_115_600)),
        ("/duration", json!("1h")),
        ("/published_to", json!([["012345678901"], ["us-east-1"], ["prod"]])),
        ("/published_to/accounts", json!(["1234"])),
        ("/published_to/regions", json!([])),
        ("/published_to/environments", json!(["shop/prod"])),
        ("/published_to/environments", json!([" "])),
        ("/published_to/environments", json!([long])),
        ("/blast_radius/functions", json!("*")),
        ("/blast_radius/functions", json!(["a:b:c"])),
        ("/blast_radius/regions", json!(["Ireland"])),
        ("/blast_radius/faults", json!(["explode"])),
        ("/blast_radius/rate", json!(1.5)),
        ("/blast_radius/rate", json!("1")),
        ("/blast_radius/rates", json!(1)),
        ("/blast_radius/max_delay", json!("30m1h")),
        ("/blast_radius/max_age", json!("0h0s")),
        ("/blast_radius/max_age", json!("")),
        ("/blast_radius/budget", json!({})),
        ("/blast_radius/budget", json!([1, 60])),
        ("/blast_radius/budget/per_minute", json!(0)),
        ("/blast_radius/budget/per_minute", json!(1.5)),
        ("/blast_radius/stop_when", json!({ "over": "1m" })),
        ("/blast_radius/stop_when/handler_errors", json!(0)),
        ("/policy", json!([])),
        ("/policy", json!({ "use": "latency" })),
        ("/policy", json!(crowd)),
        ("/policy/1", json!({ "module": "own.wasm" })),
        ("/policy/1", json!({ "use": "latency", "setting": {} })),
        ("/policy/1", json!({ "use": "../latency" })),
        ("/policy/1/settings", json!([1])),
    ] {
        texts.push(with(pointer, &value));
    }
    texts
}

/// What the engine refuses and no schema can see.
fn beyond_a_schema() -> Vec<String> {
    vec![
        with("/expires", &json!("2026-12-01T09:00:00Z")),
        with("/expires", &json!("2026-12-09T09:00:00Z")),
        with("/expires", &json!("2026-13-01T09:00:00Z")),
        with("/policy/1/name", &json!("a_b.c")),
    ]
}

#[test]
fn the_schema_and_the_engine_are_of_one_mind() -> Result<()> {
    for (texts, taken, admitted) in [(as_good(), true, true), (wrong(), false, false), (beyond_a_schema(), false, true)]
    {
        for (text, told) in texts.iter().zip(admits(&texts)?) {
            assert_eq!((is_taken(text), told), (taken, admitted), "{text}");
        }
    }
    Ok(())
}

/// The inputs of the fuzz targets: plain JSON as it is, and as it would be published where it is TOML and an experiment.
fn corpus() -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for target in ["experiment", "delivery"] {
        for entry in fs::read_dir(checkout().join("engine/fuzz/corpus").join(target))? {
            let Ok(text) = fs::read_to_string(entry?.path()) else { continue };
            texts.extend(Experiment::from_toml(&text).ok().map(|read| published(&read)).transpose()?);
            texts.push(text);
        }
    }
    Ok(texts)
}

fn published(experiment: &Experiment) -> Result<String> {
    let mut published: Value = serde_json::from_str(&experiment.resolve(NOW, "us-east-1")?.to_json())?;
    // Modules travel in bundles.
    let policies = published["policy"].as_array_mut().context("policies")?;
    policies.retain(|policy| policy.get("module").is_none());
    Ok(published.to_string())
}

/// One letter is taken out, or one is put in or in the place of another, everywhere.
fn misprints(text: &str) -> impl Iterator<Item = String> {
    const LETTERS: &[&str] = &["", "0", "-", ":", " ", "m", "*", "\u{e9}"];
    let places = text.char_indices().map(|(at, letter)| (at, at + letter.len_utf8()));
    places.flat_map(move |(begin, end)| {
        LETTERS.iter().flat_map(move |letter| {
            let without = format!("{}{letter}{}", &text[..begin], &text[end..]);
            [without, format!("{}{letter}{}", &text[..end], &text[end..])]
        })
    })
}

#[test]
fn what_the_engine_takes_the_schema_admits() -> Result<()> {
    let corpus = corpus()?;
    let whole: Vec<_> = corpus.iter().cloned().chain([right().to_string()]).collect();
    let mut texts: Vec<_> = whole.iter().flat_map(|text| misprints(text)).collect();
    for instant in INSTANTS {
        texts.extend(misprints(instant).map(|misprinted| with("/expires", &json!(misprinted))));
    }
    texts.extend(corpus);
    texts.retain(|text| is_taken(text));
    texts.sort();
    texts.dedup();
    ensure!(texts.len() > 1000, "only {} are taken", texts.len());
    let told = admits(&texts)?;
    let refused: Vec<_> = texts.iter().zip(told).filter(|(_, admitted)| !admitted).map(|(text, _)| text).collect();
    assert!(refused.is_empty(), "{} of {}, the first: {}", refused.len(), texts.len(), refused[0]);
    Ok(())
}
