//! A JSON Schema of settings as rows that a person reads.

use serde_json::Value;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingRow {
    /// Its name, with those of the objects that it is in: `window.zone`.
    pub(crate) name: String,
    /// What it looks like: `duration`, `list of text`.
    pub(crate) kind: String,
    /// Whether it has to be there.
    pub(crate) required: bool,
    /// What it is where it is absent, as JSON, where the schema says it.
    pub(crate) default: Option<String>,
    /// What its documentation says.
    pub(crate) description: String,
}

/// The settings that a schema describes, by name: the members of an object follow it.
pub(crate) fn rows(schema: &Value) -> Vec<SettingRow> {
    let mut found = Vec::new();
    collect("", schema, &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn collect(prefix: &str, schema: &Value, found: &mut Vec<SettingRow>) {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let full = format!("{prefix}{name}");
        found.push(SettingRow {
            name: full.clone(),
            kind: kind(member),
            required: required.iter().any(|required| required.as_str() == Some(name)),
            default: member.get("default").map(Value::to_string),
            description: member["description"].as_str().unwrap_or_default().to_owned(),
        });
        collect(&format!("{full}."), present(member), found);
        collect(&format!("{full}[]."), &present(member)["items"], found);
    }
}

/// The schema of a value that may be null where it is not.
fn present(schema: &Value) -> &Value {
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([present, null]) if null["type"] == "null" => present,
        _ => schema,
    }
}

fn kind(schema: &Value) -> String {
    let schema = present(schema);
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    if let Some(words) = words(schema) {
        return format!("one of {}", words.join(", "));
    }
    match schema["type"].as_str() {
        Some("string") => "text".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => format!("whole number from {} to {}", schema["minimum"], schema["maximum"]),
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("table of {}", kind(&schema["additionalProperties"]))
        }
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// The words that the value may be, where the schema lists some.
fn words(schema: &Value) -> Option<Vec<&str>> {
    let listed = |schema: &'_ Value| schema["enum"].as_array().is_some();
    let alternatives = match schema["anyOf"].as_array() {
        Some(alternatives) if alternatives.iter().all(listed) => alternatives.iter().collect(),
        _ if listed(schema) => vec![schema],
        _ => return None,
    };
    let words = alternatives.into_iter().flat_map(|schema| schema["enum"].as_array().into_iter().flatten());
    Some(words.filter_map(Value::as_str).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_setting_is_named_in_a_persons_words() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "text"),
            (json!({ "title": "duration", "type": "string" }), "duration"),
            (json!({ "type": "integer", "minimum": 0, "maximum": 255 }), "whole number from 0 to 255"),
            (json!({ "type": "array", "items": { "type": "boolean" } }), "list of true or false"),
            (json!({ "type": "object", "additionalProperties": { "type": "number" } }), "table of number"),
            (json!({ "type": "object", "additionalProperties": false }), "object"),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), "text"),
            (json!({ "enum": ["mon", "tue"] }), "one of mon, tue"),
            (json!({ "anyOf": [{ "enum": ["slow"] }, { "enum": ["fast"], "description": "x" }] }), "one of slow, fast"),
            (json!({}), "anything"),
        ] {
            assert_eq!(kind(&schema), expected);
        }
    }

    #[test]
    fn members_follow_their_object() {
        let zone = json!({ "type": "object", "properties": { "zone": { "type": "string" } }, "required": ["zone"] });
        let optional = json!({ "anyOf": [zone, { "type": "null" }], "description": "When." });
        let status = json!({ "type": "integer", "default": 503 });
        let list = json!({ "type": "array", "items": zone });
        let rows = rows(&json!({
            "properties": { "status": status, "window": optional, "windows": list },
            "required": ["windows"],
        }));
        let defaults: Vec<_> = rows.iter().map(|row| row.default.as_deref()).collect();
        assert_eq!(defaults, [Some("503"), None, None, None, None]);
        let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.required, row.description.as_str())).collect();
        let expected = [
            ("status", false, ""),
            ("window", false, "When."),
            ("window.zone", true, ""),
            ("windows", true, ""),
            ("windows[].zone", true, ""),
        ];
        assert_eq!(told, expected);
    }
}
