//! Keywords that need no other schema.

use regex::Regex;
use serde_json::{Map, Value};

/// Whether an instance meets a keyword. One that is not about this type of instance is met, as are notes.
pub(super) fn holds(members: &Map<String, Value>, keyword: &str, value: &Value, instance: &Value) -> bool {
    match keyword {
        "type" => match value {
            Value::Array(types) => types.iter().any(|name| is_of(name, instance)),
            name => is_of(name, instance),
        },
        "enum" => value.as_array().is_some_and(|values| values.iter().any(|value| equal(value, instance))),
        "required" => match instance.as_object() {
            Some(object) => strings(value).all(|name| object.contains_key(name)),
            None => true,
        },
        "minimum" | "maximum" | "multipleOf" => number(members, keyword, value, instance),
        "uniqueItems" => value != &Value::Bool(true) || unique(instance),
        "pattern" => instance.as_str().is_none_or(|text| matches(value.as_str().unwrap_or_default(), text)),
        _ => count(keyword, value, instance),
    }
}

fn is_of(name: &Value, instance: &Value) -> bool {
    match name.as_str() {
        Some("null") => instance.is_null(),
        Some("boolean") => instance.is_boolean(),
        Some("integer") => instance.is_i64() || instance.is_u64(),
        Some("number") => instance.is_number(),
        Some("string") => instance.is_string(),
        Some("array") => instance.is_array(),
        Some("object") => instance.is_object(),
        _ => false,
    }
}

fn number(members: &Map<String, Value>, keyword: &str, value: &Value, instance: &Value) -> bool {
    let (Some(bound), Some(number)) = (value.as_f64(), instance.as_f64()) else { return true };
    let exclusive = |name| members.get(name) == Some(&Value::Bool(true));
    match keyword {
        "minimum" if exclusive("exclusiveMinimum") => number > bound,
        "minimum" => number >= bound,
        "maximum" if exclusive("exclusiveMaximum") => number < bound,
        "maximum" => number <= bound,
        _ => (number / bound).fract() == 0.0,
    }
}

fn count(keyword: &str, value: &Value, instance: &Value) -> bool {
    let counted = match (keyword, instance) {
        ("minLength" | "maxLength", Value::String(text)) => text.chars().count(),
        ("minItems" | "maxItems", Value::Array(items)) => items.len(),
        ("minProperties" | "maxProperties", Value::Object(members)) => members.len(),
        _ => return true,
    };
    let bound = value.as_u64().unwrap_or_default();
    if keyword.starts_with("min") { counted as u64 >= bound } else { counted as u64 <= bound }
}

fn unique(instance: &Value) -> bool {
    let items = instance.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().enumerate().all(|(at, item)| !items[..at].iter().any(|earlier| equal(earlier, item)))
}

/// Numbers are equal by what they say, not by how they are written.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(name, value): (&String, &Value)| other.get(name).is_some_and(|found| equal(value, found));
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// Patterns are not anchored.
fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

pub(super) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The schemas of `patternProperties` that are for a member of this name.
pub(super) fn by_pattern<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.as_object().into_iter().flatten().filter(move |(pattern, _)| matches(pattern, name))
}

/// Whether `properties` or `patternProperties` speak of a member of this name.
pub(super) fn is_named(members: &Map<String, Value>, name: &str) -> bool {
    let in_properties = members.get("properties").is_some_and(|properties| properties.get(name).is_some());
    in_properties
        || members.get("patternProperties").is_some_and(|patterns| by_pattern(patterns, name).next().is_some())
}
