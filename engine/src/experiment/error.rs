//! What is wrong with an experiment: where, what, and what to do next.

use std::fmt;

use super::text;
use crate::decision::{FaultKind, UnknownFault};
use crate::limits::{EXPERIMENT_LENGTH, NAME_BYTES, POLICIES};
use crate::time::Timestamp;

/// An experiment that cannot be used. The caller adds the name of the file or source.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentError {
    field: String,
    place: Option<Place>,
    problem: Problem,
}

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters (TOML) or bytes (JSON).
    pub column: usize,
}

/// What is wrong with a field. Each reads on after the field's name.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The text is no TOML, or no JSON.
    #[error("{0}")]
    Syntax(String),
    /// An unknown field, one that is there twice, or a value of another type.
    #[error("{0}")]
    Shape(String),
    /// The field must be there.
    #[error("is missing")]
    Missing,
    /// A list without elements.
    #[error("must not be empty")]
    Empty,
    /// No name.
    #[error("is no name: `{0}`")]
    Name(String),
    /// No share.
    #[error("must be from 0 to 1, but is {0}")]
    Rate(f64),
    /// A share of nothing, where that would always be reached.
    #[error("must be more than 0")]
    NoShare,
    /// Settings that are no table. What they are instead is not repeated: it may be a secret.
    #[error("must be a table")]
    Settings,
    /// A number that JSON has no form for.
    #[error("must be a finite number")]
    NotFinite,
    /// No duration.
    #[error("is no duration: `{0}`")]
    Duration(String),
    /// A duration of nothing, where that would switch the experiment off.
    #[error("must be longer than nothing")]
    Nothing,
    /// No date and time.
    #[error("is no date and time: `{0}`")]
    Instant(String),
    /// A date and time that could mean any zone's.
    #[error("does not say its offset from UTC: `{0}`")]
    NoOffset(String),
    /// No fault has this name.
    #[error("{0}")]
    Fault(UnknownFault),
    /// No function's name, nor a pattern for some.
    #[error("is no pattern for functions: `{0}`")]
    Function(String),
    /// No region's name.
    #[error("is no region: `{0}`")]
    Region(String),
    /// No account's id.
    #[error("is no account: `{0}`")]
    Account(String),
    /// No environment's name or id.
    #[error("is no environment of AppConfig: `{0}`")]
    AppConfigEnvironment(String),
    /// Not exactly one of `expires` and `duration`.
    #[error("stands beside `expires`, but only one of them may say when the experiment ends")]
    TwoEnds,
    /// The end is not after the start.
    #[error("must be after `starts`")]
    EndsBeforeStart,
    /// The experiment is longer than [`EXPERIMENT_LENGTH`].
    #[error("makes the experiment longer than {days} days", days = EXPERIMENT_LENGTH.value / 86_400)]
    TooLong,
    /// The experiment is over.
    #[error("was {0}: the experiment is over")]
    Over(Timestamp),
    /// The experiment's `duration`, counted from its `starts`, is over.
    #[error("ended at {0}: the experiment is over")]
    RanOut(Timestamp),
    /// `duration` in an experiment that was delivered: nobody knows since when.
    #[error("must be resolved to `expires` when the experiment is published")]
    NotResolved,
    /// Not exactly one of `use` and `module`.
    #[error("needs exactly one of `use` and `module`")]
    Component,
    /// No module's file name.
    #[error("is no module's file name: `{0}`")]
    Module(String),
    /// A policy's name is taken.
    #[error("is the name of another policy: `{0}`")]
    NameTaken(String),
    /// More than [`POLICIES`].
    #[error("has more than {POLICIES}")]
    TooMany,
}

impl ExperimentError {
    pub(super) fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), place: None, problem }
    }

    pub(super) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// The same with the place of the field in the TOML that the experiment was read from.
    #[must_use]
    pub fn located(self, toml: &str) -> Self {
        let place = text::locate(toml, &self.field);
        self.at(place)
    }

    /// The same of a `duration` that `expires` was resolved from.
    pub(super) fn of_duration(self) -> Self {
        let problem = match self.problem {
            Problem::Over(at) => Problem::RanOut(at),
            other => other,
        };
        Self::new("duration", problem)
    }

    /// The field's path, for example `blast_radius.rate` or `policy[0].use`; empty where the text as a whole is meant.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Where the field stands, or where it is missing; none where that is not known.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// As [`hint`](Self::hint), of an experiment that was delivered: it is JSON.
    pub fn hint_of_delivered(&self) -> Option<String> {
        let endless = self.field == "expires" && self.problem == Problem::Missing;
        if endless { Some(END_IN_JSON.to_owned()) } else { self.hint() }
    }

    /// What to do next, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        let last = self.field.rsplit('.').next().unwrap_or_default();
        text::misplaced(&self.field, &self.problem).or_else(|| hint(last, &self.problem))
    }
}

/// How a duration is written.
const DURATION: &str = "write whole numbers with their units, for example \"250ms\", \"5s\" or \"1h30m\"";
/// The fields that hold one.
const DURATIONS: [&str; 3] = ["duration", "max_delay", "max_age"];
/// How the end is written in JSON.
const END_IN_JSON: &str = "say when the experiment ends: `\"expires\": \"2026-12-01T10:00:00Z\"`";

fn hint(field: &str, problem: &Problem) -> Option<String> {
    Some(match problem {
        Problem::Shape(_) if DURATIONS.contains(&field) => DURATION.to_owned(),
        Problem::Shape(_) if field == "policy" => "write `[[policy]]`, in two brackets, above each policy".to_owned(),
        Problem::Empty if field == "budget" => {
            "say how many invocations may be touched: `per_environment = 1000`, `per_minute = 60`, or both".to_owned()
        }
        Problem::Missing => missing(field)?.to_owned(),
        Problem::Name(_) => {
            format!("use up to {} ASCII letters, digits, `-`, `_` and `.`, not first a dot", NAME_BYTES.value)
        }
        Problem::Duration(_) => DURATION.to_owned(),
        Problem::Instant(_) | Problem::NoOffset(_) => "write it in UTC, for example 2026-12-01T09:00:00Z".to_owned(),
        Problem::Fault(_) => format!("the faults are {}", names(FaultKind::ALL)),
        Problem::Function(_) => {
            "write a function's name, or `NAME:ALIAS`; `*` stands for any characters and `?` for one".to_owned()
        }
        Problem::Region(_) => "write a region's code, for example \"us-east-1\"".to_owned(),
        Problem::Account(_) => "write its twelve digits, in quotes, for example \"123456789012\"".to_owned(),
        Problem::AppConfigEnvironment(_) => "write its name or its id, for example \"prod\"".to_owned(),
        Problem::Over(_) | Problem::RanOut(_) | Problem::EndsBeforeStart | Problem::TooLong => {
            "an experiment ends after it starts, after it is published, and within seven days".to_owned()
        }
        Problem::NotResolved => format!("{END_IN_JSON}; of TOML `misrule publish` makes it of `duration`"),
        Problem::Component => "name a ready-made policy with `use`, or a component's file with `module`".to_owned(),
        Problem::Module(_) => "write the file's name without a folder, for example \"brownout.wasm\"".to_owned(),
        Problem::NameTaken(_) => "give one of the policies a `name` of its own".to_owned(),
        _ => return None,
    })
}

fn missing(field: &str) -> Option<&'static str> {
    Some(match field {
        "expires" => "say when the experiment ends: `expires = 2026-12-01T10:00:00Z` or `duration = \"1h\"`",
        "blast_radius" | "functions" => {
            "say which functions may be touched: `functions = [\"orders-*\"]` under `[blast_radius]`"
        }
        "policy" => "add a policy: `[[policy]]`, and under it `use` or `module`",
        "handler_errors" => "say at which share of handler errors to stop, for example `handler_errors = 0.2`",
        "name" => "give the experiment a name: it stands in each log line",
        _ => return None,
    })
}

fn names(kinds: &[FaultKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

impl std::error::Error for ExperimentError {}

/// What a message quotes may be of any length; the message is not.
const LONGEST_MESSAGE: usize = 400;

impl fmt::Display for ExperimentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(formatter, "line {line}, column {column}: ")?;
        }
        let colon = if matches!(self.problem, Problem::Shape(_) | Problem::Fault(_)) { ":" } else { "" };
        let message = match self.field.as_str() {
            "" => self.problem.to_string(),
            field => format!("`{field}`{colon} {}", self.problem),
        };
        match message.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => write!(formatter, "{}...", &message[..end]),
            None => formatter.write_str(&message),
        }
    }
}
