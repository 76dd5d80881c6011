//! The JSON Schema that the settings of a policy have.

use std::time::Duration;

use misrule_sdk::settings::schema;
use misrule_sdk::{PathTemplate, Pattern, Settings, Table, Window};
use serde_json::{Value, json};

/// Of each kind one.
#[derive(Settings)]
#[expect(dead_code, reason = "only the shape is looked at")]
struct Everything {
    /// Says "no" \ or
    /// nothing: é.
    text: String,
    flag: Option<bool>,
    small: i8,
    ratio: f64,
    delay: Duration,
    #[settings(default)]
    paths: Vec<PathTemplate>,
    pattern: Option<Pattern>,
    #[settings(default)]
    headers: Table<String>,
    speed: Speed,
    window: Option<Window>,
}

#[derive(Settings)]
enum Speed {
    /// Hardly moving.
    VerySlow,
    Fast,
}

const FEW: u8 = 3;

/// Defaults that the schema can tell, and one each of a constant and of a call that it cannot.
#[derive(Settings)]
#[expect(dead_code, reason = "only the shape is looked at")]
struct Defaults {
    #[settings(default = 503)]
    status: u16,
    #[settings(default = -1_0)]
    below: i8,
    #[settings(default = 0.25)]
    ratio: f64,
    #[settings(default = true)]
    flag: bool,
    #[settings(default = "a \"b\"".to_owned())]
    text: String,
    #[settings(default = String::from("c"))]
    made: String,
    #[settings(default = Duration::from_secs(90))]
    delay: Duration,
    #[settings(default = Speed::VerySlow)]
    speed: Speed,
    #[settings(default)]
    nothing: String,
    #[settings(default)]
    soon: Duration,
    #[settings(default)]
    count: usize,
    #[settings(default = FEW)]
    constant: u8,
    #[settings(default = u8::MAX)]
    most: u8,
    #[settings(default = vec![FEW])]
    list: Vec<u8>,
    #[settings(default)]
    maybe: Option<u8>,
    /// Has one, too.
    #[settings(default = 7)]
    documented: u8,
}

#[derive(Settings)]
struct Nothing;

/// Written while this compiles, as in a component.
const EVERYTHING: [u8; schema::length(&Everything::SHAPE)] = schema::json(&Everything::SHAPE);
const DEFAULTS: [u8; schema::length(&Defaults::SHAPE)] = schema::json(&Defaults::SHAPE);
const NOTHING: [u8; schema::length(&Nothing::SHAPE)] = schema::json(&Nothing::SHAPE);

fn read(schema: &[u8]) -> Value {
    serde_json::from_slice(schema).unwrap()
}

#[test]
fn every_type_has_a_schema() {
    let schema = read(&EVERYTHING);
    let expected = json!({
        "text": { "description": "Says \"no\" \\ or nothing: é.", "type": "string" },
        "flag": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
        "small": { "type": "integer", "minimum": -128, "maximum": 127 },
        "ratio": { "type": "number" },
        "delay": {
            "title": "duration",
            "type": "string",
            "minLength": 2,
            "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        },
        "paths": { "default": [], "type": "array", "items": { "title": "path template", "type": "string", "pattern": "^/" } },
        "pattern": {
            "anyOf": [{ "title": "regular expression", "type": "string", "maxLength": 1024 }, { "type": "null" }],
        },
        "headers": { "default": {}, "type": "object", "additionalProperties": { "type": "string" } },
        "speed": { "anyOf": [{ "description": "Hardly moving.", "enum": ["very-slow"] }, { "enum": ["fast"] }] },
    });
    for (name, schema_of_it) in expected.as_object().unwrap() {
        assert_eq!(schema["properties"][name], *schema_of_it, "{name}");
    }
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-04/schema#");
    assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
    assert_eq!(schema["required"], json!(["text", "small", "ratio", "delay", "speed"]));
}

#[test]
fn a_window_says_what_its_members_are() {
    let schema = read(&EVERYTHING);
    let window = &schema["properties"]["window"]["anyOf"][0];
    let days = json!({ "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] });
    assert_eq!((&window["required"], &window["properties"]["days"]["items"]), (&json!(["zone"]), &days));
    assert_eq!(window["properties"]["from"]["pattern"], "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$");
    assert_eq!(window["properties"]["zone"]["title"], "time zone");
}

#[test]
fn a_default_that_can_be_told_is_in_the_schema() {
    let schema = read(&DEFAULTS);
    let told = |name: &str| schema["properties"][name].get("default").cloned();
    let expected = json!({
        "status": 503, "below": -10, "ratio": 0.25, "flag": true, "text": "a \"b\"", "made": "c", "delay": "90s",
        "speed": "very-slow", "nothing": "", "soon": "0s", "count": 0, "documented": 7,
    });
    for (name, default) in expected.as_object().unwrap() {
        assert_eq!(told(name).as_ref(), Some(default), "{name}");
    }
    for name in ["constant", "most", "list", "maybe"] {
        assert_eq!(told(name), None, "{name}");
    }
    assert_eq!(schema["properties"]["documented"]["description"], "Has one, too.");
    assert_eq!(schema.get("required"), None);
}

/// Draft 4 refuses a `required` without names.
#[test]
fn settings_that_are_none_require_nothing() {
    let expected = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "additionalProperties": false,
        "properties": {},
    });
    assert_eq!(read(&NOTHING), expected);
}
