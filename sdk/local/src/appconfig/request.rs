use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::Refusal;
use super::store::Tags;
use crate::wire::Head;

/// How many items a page has at most.
const PAGE: usize = 50;
/// How many tags a resource has at most.
const MAX_TAGS: usize = 50;

/// A call, with its path, query and body taken apart.
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) body: Bytes,
    pub(super) segments: Vec<String>,
    query: Vec<(String, String)>,
}

impl Request {
    pub(super) fn new(head: Head, body: Bytes) -> Self {
        let segments = head.path().trim_start_matches('/').split('/').map(decoded).collect();
        let pairs = head.query().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A plus stands for a space in a query: a token that was not encoded does not survive this.
            (decoded(name), decoded(&value.replace('+', " ")))
        });
        let query = query.collect();
        Self { head, body, segments, query }
    }

    /// All values of a parameter that may be repeated.
    pub(super) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Result<Members, Refusal> {
        match serde_json::from_slice(&self.body) {
            Ok(members @ Value::Object(_)) => Ok(Members(members)),
            _ => Err(Refusal::bad_request("The request body is not a JSON object")),
        }
    }

    /// A page of a list, as the caller asked for it.
    pub(super) fn page(&self, items: &[Value]) -> Result<Value, Refusal> {
        let most = match self.query("max_results").map(str::parse) {
            None => PAGE,
            Some(Ok(most @ 1..=PAGE)) => most,
            Some(_) => return Err(Refusal::bad_request("max_results must be from 1 to 50")),
        };
        let from = match self.query("next_token").map(str::parse) {
            None => 0,
            Some(Ok(from)) if from <= items.len() => from,
            Some(_) => return Err(Refusal::bad_request("next_token is not valid")),
        };
        let until = (from + most).min(items.len());
        let mut page = serde_json::json!({ "Items": items.get(from..until).unwrap_or_default() });
        if until < items.len() {
            page["NextToken"] = until.to_string().into();
        }
        Ok(page)
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The members of a JSON body, with the model's constraints.
pub(super) struct Members(Value);

impl Members {
    pub(super) fn optional(&self, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(text.clone())),
            Some(_) => Err(invalid(name, &format!("must be a string of at most {longest} characters"))),
        }
    }

    pub(super) fn required(&self, name: &str, longest: usize) -> Result<String, Refusal> {
        let text = self.optional(name, longest)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| invalid(name, "is required"))
    }

    pub(super) fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
                _ => Err(invalid(name, &format!("must be a number from {least} to {most}"))),
            },
        }
    }

    pub(super) fn whole(&self, name: &str, least: u32, most: u32) -> Result<Option<u64>, Refusal> {
        let number = self.number(name, f64::from(least), f64::from(most))?;
        if number.is_some() && self.0[name].as_u64().is_none() {
            return Err(invalid(name, "must be a whole number"));
        }
        Ok(self.0[name].as_u64())
    }

    pub(super) fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<String>, Refusal> {
        let word = self.optional(name, 64)?;
        match &word {
            Some(word) if !words.contains(&word.as_str()) => {
                Err(invalid(name, &format!("must be one of {}", words.join(", "))))
            }
            _ => Ok(word),
        }
    }

    /// A list of at most so many items; nothing where it is not there.
    pub(super) fn list<T: DeserializeOwned>(&self, name: &str, most: usize) -> Result<Option<Vec<T>>, Refusal> {
        let value = self.0.get(name).filter(|value| !value.is_null());
        let list = value.map(|value| serde_json::from_value(value.clone())).transpose();
        match list.map_err(|error| invalid(name, &format!("is not as it must be: {error}")))? {
            Some::<Vec<T>>(items) if items.len() > most => {
                Err(invalid(name, &format!("must be a list of at most {most}")))
            }
            list => Ok(list),
        }
    }

    /// The tags that are asked for, none where nothing is said.
    pub(super) fn tags(&self) -> Result<Tags, Refusal> {
        let value = self.0.get("Tags").filter(|value| !value.is_null());
        let tags = value.map(|value| serde_json::from_value::<Tags>(value.clone())).transpose();
        let tags = tags.map_err(|_| invalid("Tags", "must be a map of strings"))?.unwrap_or_default();
        let is_right = |(key, value): (&String, &String)| {
            (1..=128).contains(&key.chars().count()) && !key.starts_with("aws:") && value.chars().count() <= 256
        };
        if tags.len() > MAX_TAGS || !tags.iter().all(is_right) {
            return Err(invalid("Tags", "must be at most 50, with keys of 1 to 128 characters that are not AWS's own"));
        }
        Ok(tags)
    }
}

pub(super) fn invalid(name: &str, why: &str) -> Refusal {
    Refusal::bad_request(&format!("{name} {why}"))
}
