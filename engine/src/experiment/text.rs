//! From TOML and JSON texts to the wire types, with the place of each mistake.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::wire;
use super::{ExperimentError, Place, Problem};

/// The fields of `[blast_radius]`, which are easily written above it.
const IN_BLAST_RADIUS: [&str; 10] = [
    "functions",
    "accounts",
    "regions",
    "faults",
    "rate",
    "max_delay",
    "budget",
    "stop_when",
    "max_age",
    "partial_batches",
];

/// Reads the wire types from TOML. TOML becomes JSON first, so that both read the same.
pub(super) fn from_toml(text: &str) -> Result<wire::Experiment, ExperimentError> {
    let (json, not_finite) = json_of_toml(text)?;
    not_finite.into_iter().next().map_or_else(|| from_value(&json), Err)
}

/// TOML as JSON, and the mistakes of numbers that JSON has no form for: in their places stands 1.
pub(super) fn json_of_toml(text: &str) -> Result<(Value, Vec<ExperimentError>), ExperimentError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| syntax(text, &error))?;
    let mut not_finite = Vec::new();
    let json = json_table(table, "", &mut not_finite);
    Ok((json, not_finite))
}

/// Reads the wire types from JSON that was TOML: it knows no places.
pub(super) fn from_value(json: &Value) -> Result<wire::Experiment, ExperimentError> {
    let read = serde_path_to_error::deserialize(json);
    let wire::Table(experiment) = read.map_err(|error| shape(&error.path().to_string(), error.inner().to_string()))?;
    Ok(experiment)
}

/// Reads the wire types from JSON.
pub(super) fn from_json(bytes: &[u8]) -> Result<wire::Experiment, ExperimentError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let wire::Table(experiment) = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| json_error(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| json_error("", &error))?;
    Ok(experiment)
}

/// Where a field stands in a TOML text; where it is missing, the innermost table that should have it.
pub(super) fn locate(text: &str, field: &str) -> Option<Place> {
    let root = DeTable::parse(text).ok()?;
    let mut table = Some(root.get_ref());
    let mut start = None;
    for step in field.split('.') {
        let (name, position) = step.split_once('[').unwrap_or((step, ""));
        let Some((key, value)) = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name)) else {
            break;
        };
        let element = element(value, position);
        start = Some(element.map_or(key.span().start, |element| element.span().start));
        table = element.unwrap_or(value).get_ref().as_table();
    }
    start.map(|offset| place(text, offset))
}

fn element<'a, 'text>(list: &'a Spanned<DeValue<'text>>, position: &str) -> Option<&'a Spanned<DeValue<'text>>> {
    let position: usize = position.strip_suffix(']')?.parse().ok()?;
    list.get_ref().as_array()?.get(position)
}

fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

fn syntax(text: &str, error: &toml::de::Error) -> ExperimentError {
    let at = error.span().map(|span| place(text, span.start));
    ExperimentError::new("", Problem::Syntax(format!("no valid TOML: {}", error.message()))).at(at)
}

fn json_error(path: &str, error: &serde_json::Error) -> ExperimentError {
    let at = (error.line() > 0).then(|| Place { line: error.line(), column: error.column() });
    let said = error.to_string();
    let message = said.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&said);
    match error.classify() {
        serde_json::error::Category::Data => shape(path, message.to_owned()).at(at),
        _ => ExperimentError::new("", Problem::Syntax(format!("no valid JSON: {message}"))).at(at),
    }
}

fn shape(path: &str, message: String) -> ExperimentError {
    let field = if path == "." { "" } else { path };
    let problem = match field {
        _ if field.ends_with(".settings") => Problem::Settings,
        _ => Problem::Shape(message),
    };
    ExperimentError::new(field, problem)
}

/// Where a field that is unknown at the top belongs.
pub(super) fn misplaced(field: &str, problem: &Problem) -> Option<String> {
    let misplaced = matches!(problem, Problem::Shape(_)) && IN_BLAST_RADIUS.contains(&field);
    misplaced.then(|| format!("`{field}` belongs under `[blast_radius]`"))
}

fn json_table(table: toml::Table, path: &str, not_finite: &mut Vec<ExperimentError>) -> Value {
    let members = table.into_iter().map(|(name, value)| {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        (name, json_value(value, &path, not_finite))
    });
    Value::Object(members.collect())
}

fn json_value(value: toml::Value, path: &str, not_finite: &mut Vec<ExperimentError>) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) if !number.is_finite() => {
            not_finite.push(ExperimentError::new(path, Problem::NotFinite));
            1.into()
        }
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(boolean) => boolean.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Table(table) => json_table(table, path, not_finite),
        toml::Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(n, item)| json_value(item, &format!("{path}[{n}]"), not_finite)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::known_fields;
    use super::*;

    #[test]
    fn every_field_of_a_blast_radius_is_known_to_belong_there() {
        assert_eq!(IN_BLAST_RADIUS.to_vec(), known_fields("[blast_radius]\n"));
    }
}
