//! The JSON Schema of what AppConfig delivers as plain JSON. AppConfig's validators go by it: what no layer would arm is then
//! not deployed, however it was uploaded.

use serde_json::{Value, json};

use super::names::APPCONFIG_NAME;
use super::schedule::UNITS;
use crate::decision::FaultKind;
use crate::limits::{NAME_BYTES, POLICIES};

/// What AppConfig takes:
/// <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html>
const DRAFT: &str = "http://json-schema.org/draft-04/schema#";

/// The schema, of draft 4, of an experiment as it is published and of a halt. Its title begins with `misrule`, a space and the
/// release.
///
/// It admits each that a layer takes. It cannot tell that an experiment ends after its start, within
/// [`EXPERIMENT_LENGTH`](crate::limits::EXPERIMENT_LENGTH) and in the future, that no two policies have one name, what a policy
/// makes of its settings, nor all that is no date: those a layer refuses.
pub fn json_schema() -> Value {
    let mut schema = table(experiment(), &[]);
    schema["$schema"] = DRAFT.into();
    schema["title"] = format!("misrule {}: an experiment, or a halt", env!("CARGO_PKG_VERSION")).into();
    schema["oneOf"] = json!([
        { "required": ["halt"], "maxProperties": 1 },
        { "required": ["name", "expires", "blast_radius", "policy"], "not": { "required": ["halt"] } },
    ]);
    schema
}

fn experiment() -> Value {
    json!({
        "halt": { "enum": [true], "description": "nothing injects any more; it stands alone" },
        "name": name(),
        "hypothesis": optional(json!({ "type": "string" })),
        "starts": optional(instant()),
        "expires": instant(),
        "duration": absent("what is deployed says `expires`"),
        "published_to": optional(published_to()),
        "blast_radius": blast_radius(),
        "policy": list(policy(), Some(POLICIES.value)),
    })
}

fn published_to() -> Value {
    let environment = json!({ "type": "string", "maxLength": APPCONFIG_NAME, "pattern": "^[^/]*[^/ \\t\\r\\n][^/]*$" });
    let fields = json!({
        "accounts": optional(list(account(), None)),
        "regions": optional(list(region(), None)),
        "environments": optional(list(environment, None)),
    });
    table(fields, &[])
}

fn blast_radius() -> Value {
    let function = json!({ "type": "string", "pattern": "^[A-Za-z0-9_$*?-]+(:[A-Za-z0-9_$*?-]+)?$" });
    let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    let fields = json!({
        "functions": list(function, None),
        "accounts": optional(list(account(), None)),
        "regions": optional(list(region(), None)),
        "faults": optional(list(json!({ "enum": faults }), None)),
        "rate": optional(share()),
        "max_delay": optional(duration()),
        "budget": optional(budget()),
        "stop_when": optional(stop_when()),
        "max_age": optional(some_time()),
        "partial_batches": optional(json!({ "type": "boolean" })),
    });
    table(fields, &["functions"])
}

/// At least one of its fields has to say something.
fn budget() -> Value {
    let fields = ["per_environment", "per_minute"];
    let mut schema = table(json!({ fields[0]: optional(count()), fields[1]: optional(count()) }), &[]);
    let says = |field: &str| json!({ "required": [field], "properties": { field: { "type": "integer" } } });
    schema["anyOf"] = json!(fields.map(says));
    schema
}

fn stop_when() -> Value {
    let mut more_than_nothing = share();
    more_than_nothing["exclusiveMinimum"] = true.into();
    let fields = json!({
        "handler_errors": more_than_nothing,
        "over": optional(some_time()),
        "min_invocations": optional(count()),
    });
    table(fields, &["handler_errors"])
}

fn policy() -> Value {
    let fields = json!({
        "name": optional(name()),
        "use": name(),
        "module": absent("plain JSON carries no modules: publish a bundle"),
        "rate": optional(share()),
        "settings": optional(json!({ "type": "object" })),
    });
    table(fields, &["use"])
}

/// Fields by their names, and no others.
fn table(fields: Value, required: &[&str]) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": false });
    schema["properties"] = fields;
    // Draft 4 takes no empty list.
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A field without a value is as good as none.
fn optional(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

/// A field that an author may write, and that nothing delivered has.
fn absent(why: &str) -> Value {
    json!({ "type": "null", "description": why })
}

/// At least one.
fn list(item: Value, most: Option<u64>) -> Value {
    let mut schema = json!({ "type": "array", "minItems": 1 });
    schema["items"] = item;
    if let Some(most) = most {
        schema["maxItems"] = most.into();
    }
    schema
}

fn name() -> Value {
    json!({ "type": "string", "maxLength": NAME_BYTES.value, "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$" })
}

fn account() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{12}$", "description": "twelve digits" })
}

fn region() -> Value {
    let pattern = "^[a-z0-9-]*-[a-z0-9-]*-[a-z0-9-]*[0-9]$";
    json!({ "type": "string", "pattern": pattern, "description": "for example us-east-1" })
}

fn share() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 1 })
}

/// A year, a month, a day, a time and its offset: RFC 3339 and all other forms that are read. Of the numbers it judges none.
fn instant() -> Value {
    let pattern = "^[+]?[0-9]{4,6}-?[0-9]{2}-?[0-9]{2}[Tt ][0-9][0-9:.,]*([Zz]|[+-][0-9][0-9:.,]*)(\\[.*\\])?$";
    json!({ "type": "string", "pattern": pattern, "description": "in UTC, for example 2026-12-01T09:00:00Z" })
}

fn duration() -> Value {
    let units: String = UNITS.iter().map(|(unit, _)| format!("([0-9]+{unit})?")).collect();
    let description = "whole numbers with units, for example 1h30m or 250ms";
    json!({ "type": "string", "minLength": 1, "pattern": format!("^{units}$"), "description": description })
}

fn some_time() -> Value {
    let mut schema = duration();
    schema["allOf"] = json!([{ "pattern": "[1-9]" }]);
    schema
}
