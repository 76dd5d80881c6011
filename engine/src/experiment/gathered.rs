//! Every mistake of an experiment at once: one is noted, something right is put in its place, and it is read again.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use super::{Experiment, ExperimentError, Problem, text};
use crate::time::Timestamp;

/// Whoever made as many mistakes mends these first.
const MOST: usize = 20;

/// The fields of which each says when an experiment begins or ends, so that one that is wrong leaves the others unjudged.
const SPAN: [&str; 3] = ["starts", "expires", "duration"];

/// All that is wrong with an experiment, in the order of its text: one mistake at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistakes(Vec<ExperimentError>);

impl Mistakes {
    /// Searches the text in which this one was found.
    pub(super) fn of(text: &str, now: Timestamp, first: ExperimentError) -> Self {
        let Ok((json, found)) = text::json_of_toml(text) else { return Self(vec![first]) };
        let mut search = Search { json, amended: BTreeSet::new(), found };
        while search.found.len() < MOST && search.goes_on(now) {}
        let mut mistakes: Vec<_> = search.found.into_iter().map(|mistake| mistake.located(text)).collect();
        mistakes.sort_by_key(|mistake| mistake.place().map(|place| (place.line, place.column)));
        if mistakes.is_empty() { Self(vec![first]) } else { Self(mistakes) }
    }

    /// What to do next about each, where there is something to say: the same only once.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        for hint in self.0.iter().filter_map(ExperimentError::hint) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        hints
    }
}

impl From<ExperimentError> for Mistakes {
    fn from(mistake: ExperimentError) -> Self {
        Self(vec![mistake])
    }
}

impl std::error::Error for Mistakes {}

/// A line each.
impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

struct Search {
    /// The experiment, with stand-ins for what was wrong or missing so far.
    json: Value,
    /// The fields that these stand for.
    amended: BTreeSet<String>,
    found: Vec<ExperimentError>,
}

impl Search {
    /// Reads it once more, and notes and amends the first mistake. Whether there may be another.
    fn goes_on(&mut self, now: Timestamp) -> bool {
        let Err(mistake) = self.read(now) else { return false };
        let field = mistake.field().to_owned();
        self.amend(&field, mistake.problem());
        if self.is_news(&mistake) {
            self.found.push(mistake);
        }
        // What is still wrong once it was amended cannot be amended.
        self.amended.insert(field)
    }

    fn read(&self, now: Timestamp) -> Result<(), ExperimentError> {
        let experiment = Experiment::try_from(text::from_value(&self.json)?)?;
        let judged = !SPAN.iter().any(|field| self.amended.contains(*field));
        if judged { experiment.settle_end(now).map(drop) } else { Ok(()) }
    }

    /// Whether it is no consequence of another mistake: of a field that was taken away, or was no finite number.
    fn is_news(&self, mistake: &ExperimentError) -> bool {
        let field = mistake.field();
        let emptied = matches!(mistake.problem(), Problem::Empty | Problem::Component)
            && self.amended.iter().any(|amended| amended.starts_with(field));
        !emptied && !self.amended.contains(field) && self.found.iter().all(|found| found.field() != field)
    }

    fn amend(&mut self, field: &str, problem: &Problem) {
        let name = format!("stand-in-{}", self.amended.len());
        match (problem, field) {
            (Problem::Component, policy) => {
                self.put(&format!("{policy}.module"), None);
                self.put(&format!("{policy}.use"), Some(json!(name)));
            }
            (Problem::NameTaken(_), policy) => self.put(&format!("{policy}.name"), Some(json!(name))),
            (_, "expires" | "duration") => {
                self.put("expires", None);
                self.put("duration", Some(json!("1h")));
            }
            _ => self.put(field, stand_in(field, &name)),
        }
    }

    /// Puts a value there, or takes away what is there.
    fn put(&mut self, field: &str, value: Option<Value>) {
        let pointer = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
        let Some((above, last)) = pointer.rsplit_once('/') else { return };
        match (self.json.pointer_mut(above), value) {
            (Some(Value::Object(members)), Some(value)) => drop(members.insert(last.to_owned(), value)),
            (Some(Value::Object(members)), None) => drop(members.remove(last)),
            (Some(Value::Array(elements)), Some(value)) => {
                let element = last.parse().ok().and_then(|position: usize| elements.get_mut(position));
                element.into_iter().for_each(|element| *element = value.clone());
            }
            _ => {}
        }
    }
}

/// A right value of a field that an experiment, a list or a policy needs; what nothing needs is better away.
fn stand_in(field: &str, name: &str) -> Option<Value> {
    Some(match kind(field).as_str() {
        "name" | "policy[].name" | "policy[].use" => json!(name),
        "policy[].module" => json!(format!("{name}.wasm")),
        "policy[]" => json!({ "use": name }),
        "policy" => json!([{ "use": name }]),
        "blast_radius" => json!({ "functions": ["*"] }),
        "blast_radius.functions" => json!(["*"]),
        "blast_radius.functions[]" => json!("*"),
        "blast_radius.faults[]" => json!("delay"),
        "blast_radius.stop_when.handler_errors" => json!(1),
        "blast_radius.accounts[]" | "published_to.accounts[]" => json!("123456789012"),
        "blast_radius.regions[]" | "published_to.regions[]" => json!("us-east-1"),
        "published_to.environments[]" => json!(name),
        _ => return None,
    })
}

/// The field's path without positions: `policy[].use`.
fn kind(field: &str) -> String {
    field.chars().filter(|character| !character.is_ascii_digit()).collect()
}
