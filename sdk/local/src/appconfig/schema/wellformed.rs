//! What a schema may hold.

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::Value;

const DRAFT: &str = "http://json-schema.org/draft-04/schema";
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// What a local reference leads to.
pub(super) fn referred<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    root.pointer(&pointer)
}

/// Checks a schema with all that it holds.
pub(super) fn check(root: &Value, schema: &Value, at: &str) -> Result<(), String> {
    let Some(members) = schema.as_object() else { return Err(format!("{at} is not an object")) };
    if let Some(reference) = members.get("$ref") {
        let found = reference.as_str().and_then(|reference| referred(root, reference));
        return match found {
            Some(Value::Object(_)) => Ok(()),
            _ => Err(format!("{at}/$ref leads to no schema in this one")),
        };
    }
    members.iter().try_for_each(|(keyword, value)| member(root, keyword, value, &format!("{at}/{keyword}")))
}

fn member(root: &Value, keyword: &str, value: &Value, at: &str) -> Result<(), String> {
    let check_each = |name: &str, schema: &Value| check(root, schema, &format!("{at}/{name}"));
    match keyword {
        "properties" | "definitions" => each_member(value, at, check_each),
        "patternProperties" => each_member(value, at, |name, schema| {
            pattern(name, at)?;
            check_each(name, schema)
        }),
        "dependencies" => each_member(value, at, |name, needed| match needed {
            Value::Array(_) => names(needed, &format!("{at}/{name}")),
            schema => check_each(name, schema),
        }),
        "items" if value.is_array() => each_item(value, at, &check_each),
        "allOf" | "anyOf" | "oneOf" => each_item(value, at, &check_each),
        "items" | "not" => check(root, value, at),
        "additionalItems" | "additionalProperties" if value.is_boolean() => Ok(()),
        "additionalItems" | "additionalProperties" => check(root, value, at),
        "pattern" => pattern(value.as_str().unwrap_or("("), at),
        _ => simple(keyword, value, at),
    }
}

fn simple(keyword: &str, value: &Value, at: &str) -> Result<(), String> {
    let is_type = |name: &Value| name.as_str().is_some_and(|name| TYPES.contains(&name));
    let (is_right, wanted) = match keyword {
        "type" => match value.as_array() {
            Some(types) => (!types.is_empty() && types.iter().all(is_type), "a type or a list of types"),
            None => (is_type(value), "a type or a list of types"),
        },
        "required" => return names(value, at),
        "enum" => (value.as_array().is_some_and(|values| !values.is_empty()), "a list that is not empty"),
        "minimum" | "maximum" => (value.is_number(), "a number"),
        "multipleOf" => (value.as_f64().is_some_and(|number| number > 0.0), "a number above 0"),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            (value.is_u64(), "a whole number, 0 or more")
        }
        "exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems" => (value.is_boolean(), "true or false, in draft 4"),
        "$schema" => (value.as_str().is_some_and(|text| text.trim_end_matches('#') == DRAFT), "draft 4"),
        "title" | "description" | "format" | "id" => (value.is_string(), "a string"),
        "default" => (true, ""),
        _ => return Err(format!("{at} is no keyword of JSON Schema draft 4")),
    };
    if is_right { Ok(()) } else { Err(format!("{at} must be {wanted}")) }
}

fn names(value: &Value, at: &str) -> Result<(), String> {
    match value.as_array() {
        Some(names) if !names.is_empty() && names.iter().all(Value::is_string) => Ok(()),
        _ => Err(format!("{at} must be a list of names that is not empty")),
    }
}

fn pattern(pattern: &str, at: &str) -> Result<(), String> {
    Regex::new(pattern).map(|_| ()).map_err(|_| format!("{at} must hold regular expressions"))
}

fn each_member(
    value: &Value,
    at: &str,
    mut check: impl FnMut(&str, &Value) -> Result<(), String>,
) -> Result<(), String> {
    let members = value.as_object().ok_or_else(|| format!("{at} is not an object"))?;
    members.iter().try_for_each(|(name, schema)| check(name, schema))
}

fn each_item(value: &Value, at: &str, check: &impl Fn(&str, &Value) -> Result<(), String>) -> Result<(), String> {
    match value.as_array() {
        Some(items) if !items.is_empty() => {
            items.iter().enumerate().try_for_each(|(place, schema)| check(&place.to_string(), schema))
        }
        _ => Err(format!("{at} must be a list of schemas that is not empty")),
    }
}
