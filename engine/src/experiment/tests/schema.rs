//! The JSON Schema, walked beside what is read: no field, requirement, word or limit stands in one of them alone. How
//! validators that are not ours judge by it is seen in the tests of the whole system.

use serde_json::{Value, json};

use super::*;
use crate::delivery::Delivery;

/// Each table of an experiment: its header in TOML, and where it stands in the schema.
const TABLES: &[(&str, &str)] = &[
    ("", ""),
    ("[published_to]\n", "/properties/published_to"),
    ("[blast_radius]\n", "/properties/blast_radius"),
    ("[blast_radius.budget]\n", "/properties/blast_radius/properties/budget"),
    ("[blast_radius.stop_when]\n", "/properties/blast_radius/properties/stop_when"),
    ("[[policy]]\n", "/properties/policy/items"),
];

/// An experiment that says all that plain JSON may say.
fn full() -> Value {
    let mut full: Value = serde_json::from_str(&whole().to_json()).unwrap();
    full["policy"] = json!([{ "use": "latency", "name": "slow", "rate": 0.5, "settings": { "delay": "1s" } }]);
    full
}

fn is_delivered(experiment: &Value) -> bool {
    let now = at("2026-12-01T08:00:00Z");
    let read = Delivery::read(&experiment.to_string().into(), None);
    matches!(read, Ok(Delivery::Experiment(package)) if package.experiment.check(now).is_ok())
}

/// Where a table of the schema stands in an experiment.
fn place(pointer: &str) -> String {
    pointer.replace("/properties", "").replace("/items", "/0")
}

#[test]
fn every_table_has_the_fields_that_are_read_and_no_others() {
    let schema = json_schema();
    for (header, pointer) in TABLES {
        let table = schema.pointer(pointer).unwrap();
        let mut listed: Vec<_> = table["properties"].as_object().unwrap().keys().cloned().collect();
        let mut read = known_fields(header);
        if pointer.is_empty() {
            read.push("halt".to_owned());
        }
        listed.sort();
        read.sort();
        assert_eq!(listed, read, "{pointer}");
        assert_eq!(table["additionalProperties"], false, "{pointer}");
    }
    let objects = schema.to_string().matches("\"additionalProperties\"").count();
    assert_eq!(objects, TABLES.len(), "a table that is not walked");
}

#[test]
fn a_field_is_required_where_it_cannot_be_left_out() {
    let schema = json_schema();
    assert!(is_delivered(&full()));
    for (_, pointer) in TABLES {
        let table = schema.pointer(pointer).unwrap();
        let required = if pointer.is_empty() { &schema["oneOf"][1]["required"] } else { &table["required"] };
        for name in table["properties"].as_object().unwrap().keys() {
            let mut without = full();
            if without.pointer_mut(&place(pointer)).unwrap().as_object_mut().unwrap().remove(name).is_none() {
                continue;
            }
            let is_required = required.as_array().is_some_and(|required| required.contains(&json!(name)));
            assert_eq!(is_delivered(&without), !is_required, "{pointer}: {name}");
        }
    }
}

#[test]
fn no_value_is_as_good_as_no_field_where_it_may_be_left_out() {
    let schema = json_schema();
    for (_, pointer) in TABLES {
        for (name, field) in schema.pointer(pointer).unwrap()["properties"].as_object().unwrap() {
            let mut without = full();
            without.pointer_mut(&place(pointer)).unwrap()[name] = Value::Null;
            let may_be_null = field["type"] == "null" || field["type"][1] == "null";
            assert_eq!(is_delivered(&without), may_be_null, "{pointer}: {name}");
        }
    }
}

#[test]
fn what_is_only_written_is_not_delivered() {
    for (pointer, field, value) in [("", "duration", "1h"), ("/policy/0", "module", "own.wasm")] {
        let mut written = full();
        let table = written.pointer_mut(pointer).unwrap();
        table[field] = value.into();
        table.as_object_mut().unwrap().remove(if field == "module" { "use" } else { "expires" });
        assert!(!is_delivered(&written), "{field}");
    }
}

#[test]
fn limits_and_words_are_the_engines() {
    let schema = json_schema();
    let at = |pointer: &str| schema.pointer(&format!("/properties/{pointer}")).unwrap();
    assert_eq!((at("name/maxLength"), at("policy/maxItems")), (&json!(NAME_BYTES.value), &json!(POLICIES.value)));
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(at("blast_radius/properties/faults/items/enum"), &json!(faults));
    let text = schema.to_string();
    // <https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_Validator.html>
    assert!(text.len() <= 32_768, "AppConfig takes no more: {}", text.len());
    assert!(text.contains(&format!("misrule {}: ", env!("CARGO_PKG_VERSION"))));
}
