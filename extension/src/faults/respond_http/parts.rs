//! What every shape is written from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use misrule_engine::decision::HttpAnswer;

use super::MADE_BY;

/// An answer taken apart: names in lower case, each with its values in order; cookies apart, since they cannot be joined.
pub(super) struct Parts<'a> {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, Vec<Cow<'a, str>>>,
    pub(super) cookies: Vec<&'a str>,
    pub(super) body: &'a [u8],
}

impl<'a> Parts<'a> {
    /// `made_by`, where there is one, stands in the answer whatever the policy says.
    pub(super) fn of(answer: &'a HttpAnswer, made_by: Option<String>) -> Self {
        let (mut headers, mut cookies) = (BTreeMap::<String, Vec<Cow<'a, str>>>::new(), Vec::new());
        for (name, value) in &answer.headers {
            match name.to_ascii_lowercase() {
                name if name == "set-cookie" => cookies.push(value.as_str()),
                name => headers.entry(name).or_default().push(value.into()),
            }
        }
        headers.extend(made_by.map(|made_by| (MADE_BY.to_owned(), vec![made_by.into()])));
        Self { status: answer.status, headers, cookies, body: &answer.body }
    }

    /// Headers with one value each: several are joined by commas, which means the same (RFC 9110, section 5.3).
    pub(super) fn joined(&self) -> BTreeMap<&str, String> {
        self.headers.iter().map(|(name, values)| (name.as_str(), values.join(", "))).collect()
    }

    /// The body as JSON carries it, and whether that is base64: only what is no text needs it. A REST API hands base64
    /// on as it stands unless it was told of binary media types, so text must not be written in it.
    pub(super) fn body(&self) -> (Cow<'a, str>, bool) {
        match std::str::from_utf8(self.body) {
            Ok(text) => (text.into(), false),
            Err(_) => (STANDARD.encode(self.body).into(), true),
        }
    }
}

/// The JSON of an answer. Strings, numbers and flags in maps with text keys: there is nothing in it that JSON cannot say.
pub(super) fn json(answer: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}
