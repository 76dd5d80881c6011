//! JSON that CloudWatch Logs answers with: `events` (`filter-log-events`, `get-log-events`), `results` (`get-query-results`),
//! or an array of such events; one after the other where pages were put into one file. Read as it comes.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::results::{Results, Row};
use super::{Event, Sink};

/// Reads document after document. Where one breaks off or is none, the rest of the input is one bad event.
pub(super) fn read(source: impl BufRead, stream: Option<&str>, sink: &mut impl Sink) -> io::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(source);
    let mut taking = Taking { stream, sink, results: Results::default() };
    let end = loop {
        if json.end().is_ok() {
            break Ok(());
        }
        if let Err(error) = Document(&mut taking).deserialize(&mut json) {
            break Err(error);
        }
    };
    taking.results.give(stream, taking.sink);
    match end {
        Err(error) if error.is_io() => return Err(error.into()),
        Err(_) => taking.sink.bad(),
        Ok(()) => {}
    }
    Ok(())
}

struct Taking<'a, S> {
    stream: Option<&'a str>,
    sink: &'a mut S,
    results: Results,
}

impl<S: Sink> Taking<'_, S> {
    fn take(&mut self, value: Value) {
        match value {
            // A result of a query is a list of fields with their values.
            Value::Array(fields) => {
                let mut row = Row::default();
                for mut field in fields {
                    let name = field["field"].as_str().map(str::to_owned).unwrap_or_default();
                    row.set(&name, text(field["value"].take()));
                }
                self.results.add(row, self.stream, self.sink);
            }
            Value::Object(event) if event.contains_key("@message") => {
                let mut row = Row::default();
                event.into_iter().for_each(|(name, value)| row.set(&name, text(value)));
                self.results.add(row, self.stream, self.sink);
            }
            event => self.take_event(&event),
        }
    }

    fn take_event(&mut self, event: &Value) {
        let stream = event["logStreamName"].as_str().or(self.stream);
        match event["message"].as_str() {
            Some(message) => self.sink.event(Event { stream, text: message.trim_end() }),
            None => self.sink.bad(),
        }
    }
}

/// A field's text: some exports hold a JSON message as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An answer of CloudWatch Logs, or a list of events.
struct Document<'a, 'b, S>(&'a mut Taking<'b, S>);

impl<'de, S: Sink> DeserializeSeed<'de> for Document<'_, '_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Sink> Visitor<'de> for Document<'_, '_, S> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("log events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "events" | "results" => map.next_value_seed(Document(&mut *self.0))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        while let Some(event) = events.next_element::<Value>()? {
            if event.is_array() || event.is_object() {
                self.0.take(event);
            } else {
                return Err(A::Error::custom("this is no log event"));
            }
        }
        Ok(())
    }
}
