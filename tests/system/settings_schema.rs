//! The JSON Schema in each ready-made component, judged by a validator that is not ours (draft 4 of PyPI's jsonschema):
//! it takes every settings that the policy takes, and refuses what the policy refuses, but for what no schema can say.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::programs::{program, python};
use serde_json::{Value, json};

/// Prints whether the value fits the schema, once the schema itself fits draft 4.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft4Validator
schema, value = json.loads(sys.argv[1]), json.loads(sys.argv[2])
Draft4Validator.check_schema(schema)
print(Draft4Validator(schema).is_valid(value))
";

fn schema(policy: &str) -> Result<Value> {
    let output = Command::new(program("misrule")?).args(["inspect", policy, "--json"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let known: Value = serde_json::from_slice(&output.stdout)?;
    known.get("settings").cloned().context("it carries no schema")
}

fn fits(schema: &Value, settings: &Value) -> Result<bool> {
    let arguments = ["-c", VALIDATOR, &schema.to_string(), &settings.to_string()];
    let output = Command::new(python("python")?).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout.starts_with(b"True"))
}

fn is_taken(policy: &str, settings: &Value) -> Result<bool> {
    let arguments = ["inspect", policy, "--settings", &settings.to_string()];
    Ok(Command::new(program("misrule")?).args(arguments).output()?.status.success())
}

fn assert_alike(policy: &str, taken: &[Value], refused: &[Value]) -> Result<()> {
    let schema = schema(policy)?;
    for (settings, expected) in taken.iter().map(|it| (it, true)).chain(refused.iter().map(|it| (it, false))) {
        assert_eq!(is_taken(policy, settings)?, expected, "the policy {policy}: {settings}");
        assert_eq!(fits(&schema, settings)?, expected, "its schema: {settings}");
    }
    Ok(())
}

#[test]
fn latency_and_its_schema_take_the_same_settings() -> Result<()> {
    let taken = [
        json!({ "delay": "1h2m3s4ms" }),
        json!({ "delay": null, "leave": "1s", "paths": ["/a/{b}/**"], "methods": ["get"] }),
        json!({ "uniform": { "min": "0s", "max": "2s" } }),
        json!({ "log_normal": { "median": "1s", "p99": "2s", "max": null } }),
    ];
    let refused = [
        json!({ "delay": "1.5s" }),
        json!({ "delay": "" }),
        json!({ "delay": "5ms1s" }),
        json!({ "delay": 5 }),
        json!({ "delay": "1s", "paths": ["a"] }),
        json!({ "uniform": { "min": "1s" } }),
        json!({ "delay": "1s", "dealy": "1s" }),
    ];
    assert_alike("latency", &taken, &refused)
}

#[test]
fn path_outage_and_its_schema_take_the_same_settings() -> Result<()> {
    let window = |window: Value| json!({ "paths": ["/a"], "window": window });
    let taken = [
        json!({ "paths": ["/a"], "status": 404, "headers": { "a": "b" }, "body": "x" }),
        window(json!({ "zone": "Europe/Paris", "from": "23:59", "to": "24:00", "days": ["mon"] })),
    ];
    let refused = [
        json!({}),
        json!({ "paths": ["/a"], "status": "404" }),
        json!({ "paths": ["/a"], "status": 70_000 }),
        json!({ "paths": ["/a"], "headers": { "a": 1 } }),
        window(json!({ "zone": "Europe/Paris", "days": ["monday"] })),
        window(json!({ "zone": "Europe/Paris", "from": "9:00" })),
        window(json!({ "from": "09:00" })),
    ];
    assert_alike("path-outage", &taken, &refused)
}

#[test]
fn error_and_its_schema_take_the_same_settings() -> Result<()> {
    let taken = [json!({}), json!({ "error_type": "Function.X", "message": "", "paths": ["/a"] })];
    assert_alike("error", &taken, &[json!({ "message": 5 }), json!({ "paths": "/a" }), json!({ "type": "X" })])
}
