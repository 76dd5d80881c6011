//! JSON Schema draft 4, which is what AppConfig validates by. A schema with a keyword of another draft is refused: the
//! service would not heed it, and a validator that heeds nothing passes everything.
//!
//! <https://datatracker.ietf.org/doc/html/draft-fge-json-schema-validation-00>

mod keywords;
mod wellformed;

use serde_json::{Map, Value};

use keywords::holds;

/// How deep references and subschemas may lead: a schema can refer to itself.
const MAX_DEPTH: usize = 64;

/// A schema that holds only what draft 4 knows.
#[derive(Debug)]
pub(super) struct Schema(Value);

/// One constraint that an instance does not meet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// Where the constraint stands in the schema, as a JSON pointer.
    pub(super) location: String,
    /// The keyword with its value.
    pub(super) constraint: String,
    /// What does not meet it.
    pub(super) reason: String,
}

/// A place in the schema that is compared with a place in the instance.
#[derive(Clone)]
struct Place {
    schema: String,
    instance: String,
    depth: usize,
}

impl Place {
    fn below(&self, schema: &str, instance: Option<&str>) -> Self {
        let instance = instance.map_or_else(|| self.instance.clone(), |step| format!("{}/{step}", self.instance));
        Self { schema: format!("{}/{schema}", self.schema), instance, depth: self.depth + 1 }
    }

    fn violation(&self, keyword: &str, value: &Value) -> Violation {
        let place = if self.instance.is_empty() { "the configuration" } else { &self.instance };
        Violation {
            location: format!("{}/{keyword}", self.schema),
            constraint: format!("{keyword}: {value}"),
            reason: format!("{place} does not meet `{keyword}`"),
        }
    }
}

impl Schema {
    /// Reads a schema.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        wellformed::check(&root, &root, "#")?;
        Ok(Self(root))
    }

    /// All that an instance does not meet; empty where it is valid.
    pub(super) fn violations(&self, instance: &Value) -> Vec<Violation> {
        let root = Place { schema: "#".to_owned(), instance: String::new(), depth: 0 };
        self.compare(&self.0, instance, &root)
    }

    fn compare(&self, schema: &Value, instance: &Value, place: &Place) -> Vec<Violation> {
        let Some(members) = schema.as_object() else { return Vec::new() };
        if place.depth > MAX_DEPTH {
            return vec![place.violation("$ref", &Value::from("deeper than 64 levels"))];
        }
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let referred = wellformed::referred(&self.0, reference).unwrap_or(&Value::Null);
            let place =
                Place { schema: reference.to_owned(), instance: place.instance.clone(), depth: place.depth + 1 };
            return self.compare(referred, instance, &place);
        }
        let of_keyword = |(keyword, value): (&String, &Value)| self.keyword(members, keyword, value, instance, place);
        members.iter().flat_map(of_keyword).collect()
    }

    fn keyword(
        &self,
        members: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        instance: &Value,
        place: &Place,
    ) -> Vec<Violation> {
        let violated = |is: bool| if is { vec![place.violation(keyword, value)] } else { Vec::new() };
        match keyword {
            "properties" | "patternProperties" | "additionalProperties" => {
                self.members(members, keyword, value, instance, place)
            }
            "items" | "additionalItems" => self.items(members, keyword, value, instance, place),
            "allOf" => {
                let each = value.as_array().into_iter().flatten().enumerate();
                let place = |at: usize| place.below(&format!("allOf/{at}"), None);
                each.flat_map(|(at, schema)| self.compare(schema, instance, &place(at))).collect()
            }
            "anyOf" => violated(self.met(value, instance, place) == 0),
            "oneOf" => violated(self.met(value, instance, place) != 1),
            "not" => violated(self.compare(value, instance, &place.below("not", None)).is_empty()),
            "dependencies" => self.dependencies(value, instance, place),
            _ => violated(!holds(members, keyword, value, instance)),
        }
    }

    /// How many of these schemas an instance meets.
    fn met(&self, schemas: &Value, instance: &Value, place: &Place) -> usize {
        let place = place.below("", None);
        let meets = |schema: &&Value| self.compare(schema, instance, &place).is_empty();
        schemas.as_array().into_iter().flatten().filter(meets).count()
    }

    fn members(
        &self,
        members: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        instance: &Value,
        place: &Place,
    ) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (name, content) in instance.as_object().into_iter().flatten() {
            let schemas: Vec<(String, &Value)> = match keyword {
                "properties" => {
                    value.get(name).map(|schema| (format!("properties/{name}"), schema)).into_iter().collect()
                }
                "patternProperties" => keywords::by_pattern(value, name)
                    .map(|(pattern, schema)| (format!("patternProperties/{pattern}"), schema))
                    .collect(),
                _ if keywords::is_named(members, name) => Vec::new(),
                _ => vec![(keyword.to_owned(), value)],
            };
            for (step, schema) in schemas {
                violations.extend(self.allowed(schema, content, &place.below(&step, Some(name)), keyword));
            }
        }
        violations
    }

    fn items(
        &self,
        members: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        instance: &Value,
        place: &Place,
    ) -> Vec<Violation> {
        let tuple = members.get("items").and_then(Value::as_array);
        let mut violations = Vec::new();
        for (at, item) in instance.as_array().into_iter().flatten().enumerate() {
            let schema = match (keyword, tuple) {
                ("items", Some(tuple)) => tuple.get(at),
                ("items", None) => Some(value),
                (_, Some(tuple)) if at >= tuple.len() => Some(value),
                _ => None,
            };
            if let Some(schema) = schema {
                violations.extend(self.allowed(schema, item, &place.below(keyword, Some(&at.to_string())), keyword));
            }
        }
        violations
    }

    /// Compares with a schema, or with `true` and `false` where a schema may be one of these.
    fn allowed(&self, schema: &Value, instance: &Value, place: &Place, keyword: &str) -> Vec<Violation> {
        match schema {
            Value::Bool(true) => Vec::new(),
            Value::Bool(false) => {
                let location = place.schema.clone();
                let reason = format!("{} is not allowed by `{keyword}`", place.instance);
                vec![Violation { location, constraint: format!("{keyword}: false"), reason }]
            }
            schema => self.compare(schema, instance, place),
        }
    }

    fn dependencies(&self, value: &Value, instance: &Value, place: &Place) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (name, needed) in value.as_object().into_iter().flatten().filter(|(name, _)| instance.get(name).is_some()) {
            match needed.as_array() {
                Some(names) if names.iter().all(|it| it.as_str().is_some_and(|it| instance.get(it).is_some())) => {}
                Some(_) => violations.push(place.violation("dependencies", value)),
                None => {
                    let place = place.below(&format!("dependencies/{name}"), None);
                    violations.extend(self.compare(needed, instance, &place));
                }
            }
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schemas with instances that meet them and that do not. Another implementation judges the same file.
    const CASES: &str = include_str!("schema/cases.json");

    #[test]
    fn instances_meet_schemas_or_do_not() {
        let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
        for case in &cases {
            let schema = Schema::parse(&case["schema"].to_string()).unwrap();
            for (list, is_valid) in [("valid", true), ("invalid", false)] {
                for instance in case[list].as_array().unwrap() {
                    let violations = schema.violations(instance);
                    assert_eq!(violations.is_empty(), is_valid, "{}: {instance}: {violations:?}", case["schema"]);
                }
            }
        }
    }

    #[test]
    fn a_schema_holds_only_what_draft_4_knows() {
        for (schema, why) in [
            (r#"{"const":1}"#, "#/const is no keyword of JSON Schema draft 4"),
            (r#"{"properties":{"a":{"if":{}}}}"#, "#/properties/a/if is no keyword of JSON Schema draft 4"),
            (r#"{"exclusiveMinimum":1}"#, "#/exclusiveMinimum must be true or false, in draft 4"),
            (r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, "#/$schema must be draft 4"),
            (r#"{"required":[]}"#, "#/required must be a list of names that is not empty"),
            (r#"{"pattern":"("}"#, "#/pattern must hold regular expressions"),
            (r#"{"patternProperties":{"(":{}}}"#, "#/patternProperties must hold regular expressions"),
            (r##"{"$ref":"#/definitions/none"}"##, "#/$ref leads to no schema in this one"),
            (r#"{"$ref":"http://example.com/"}"#, "#/$ref leads to no schema in this one"),
            (r#"{"items":[]}"#, "#/items must be a list of schemas that is not empty"),
            (r#"{"type":"float"}"#, "#/type must be a type or a list of types"),
            ("[]", "# is not an object"),
        ] {
            assert_eq!(Schema::parse(schema).unwrap_err(), why, "{schema}");
        }
    }

    #[test]
    fn a_violation_names_the_constraint_and_the_place() {
        let schema = r#"{"properties":{"a":{"items":{"maximum":3}}},"additionalProperties":false}"#;
        let violations = Schema::parse(schema).unwrap().violations(&serde_json::json!({ "a": [1, 4], "b": 1 }));
        let told: Vec<_> = violations.iter().map(|it| [&*it.location, &it.constraint, &it.reason]).collect();
        let maximum = ["#/properties/a/items/maximum", "maximum: 3", "/a/1 does not meet `maximum`"];
        let other =
            ["#/additionalProperties", "additionalProperties: false", "/b is not allowed by `additionalProperties`"];
        assert!(told.len() == 2 && told.contains(&maximum) && told.contains(&other), "{told:?}");
    }

    #[test]
    fn a_schema_that_leads_to_itself_for_ever_is_met_by_nothing() {
        let schema = Schema::parse(r##"{"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/a"}}}"##);
        assert_eq!(schema.unwrap().violations(&Value::Null).len(), 1);
    }
}
