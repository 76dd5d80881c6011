//! Stands somewhere in the settings, and collects what is wrong there.

use std::borrow::Cow;

use super::Settings;
use super::wording::{decimal, list, push_all, signed, text};
use crate::host::settings as host;

/// A place in the settings, and the mistakes found so far. The code that `#[derive(Settings)]` writes drives it; a policy
/// needs it only to implement [`Settings`] by hand.
#[derive(Debug, Default)]
pub struct Reader {
    /// An RFC 6901 pointer: where the reader stands.
    pointer: String,
    /// The same as people write it: `windows[2].from`.
    place: String,
    mistakes: Mistakes,
}

impl Reader {
    /// At the root of the settings.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) const fn is_content(&self) -> bool {
        self.mistakes.0.is_empty()
    }

    pub(crate) fn into_mistakes(self) -> String {
        self.mistakes.0
    }

    /// Reads a member of the object, which is required unless its type says otherwise.
    pub fn field<T: Settings>(&mut self, name: &str) -> Option<T> {
        self.member(name, |reader| if reader.is_absent() { reader.require(T::absent()) } else { T::read(reader) })
    }

    /// Reads a member of the object, or takes the default where it is absent.
    pub fn field_or<T: Settings>(&mut self, name: &str, default: impl FnOnce() -> T) -> Option<T> {
        self.member(name, |reader| if reader.is_absent() { Some(default()) } else { T::read(reader) })
    }

    /// Whether an object stands here. Members other than these are mistakes.
    pub fn object(&mut self, known: &[&str]) -> bool {
        let Some(names) = self.members() else { return false };
        for name in &names {
            if !known.contains(&name.as_str()) {
                self.member(name, |reader| reader.unknown(known));
            }
        }
        true
    }

    /// The names of the object's members, in order.
    pub fn members(&mut self) -> Option<Vec<String>> {
        match host::kind(&self.pointer) {
            Some(host::ValueKind::Object) => Some(host::members(&self.pointer)),
            _ => self.expected("an object"),
        }
    }

    /// Reads each element of the array.
    pub fn elements<T: Settings>(&mut self) -> Option<Vec<T>> {
        if host::kind(&self.pointer) != Some(host::ValueKind::Array) {
            return self.expected("an array");
        }
        let count = host::count(&self.pointer).unwrap_or(0);
        let mut elements = Vec::new();
        for index in 0..count {
            elements.extend(self.element(index, T::read));
        }
        (elements.len() == count as usize).then_some(elements)
    }

    /// The text here. `what` says what was expected of it.
    pub fn text(&mut self, what: &str) -> Option<String> {
        let text = host::text(&self.pointer);
        if text.is_none() { self.expected(what) } else { text }
    }

    /// The boolean here.
    pub fn boolean(&mut self) -> Option<bool> {
        host::boolean(&self.pointer).or_else(|| self.expected("true or false"))
    }

    /// The number here.
    pub fn number(&mut self) -> Option<f64> {
        host::number(&self.pointer).or_else(|| self.expected("a number"))
    }

    /// The whole number here, from `min` to `max`. Beyond 2^53 JSON numbers are not exact, so there is no such number.
    pub fn whole(&mut self, min: i64, max: i64) -> Option<i64> {
        let found = match host::number(&self.pointer).map(whole) {
            None => self.found(),
            Some(None) => "a fraction",
            Some(Some(whole)) if whole < min => "a smaller one",
            Some(Some(whole)) if whole > max => "a larger one",
            Some(whole) => return whole,
        };
        self.note_found(&text(&["a whole number from ", &signed(min), " to ", &signed(max)]), found);
        None
    }

    /// The position among `words` of the word here.
    pub fn word(&mut self, words: &[&str]) -> Option<usize> {
        let text = host::text(&self.pointer);
        let position = words.iter().position(|word| Some(*word) == text.as_deref());
        position.or_else(|| self.expected(&list("one of ", words)))
    }

    /// Notes that something else was expected here. Of what stands here only the kind is told: it may be a secret.
    pub fn expected<T>(&mut self, what: &str) -> Option<T> {
        self.note_found(what, self.found());
        None
    }

    /// Notes an error as a mistake here.
    pub fn accept<T>(&mut self, outcome: Result<T, String>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(reason) => self.mistake(&reason),
        }
    }

    /// Notes what is wrong with the value here.
    pub fn mistake<T>(&mut self, what: &str) -> Option<T> {
        self.note_mistake(what);
        None
    }

    /// Does something at a member of the object here.
    pub fn member<T>(&mut self, name: &str, act: impl FnOnce(&mut Self) -> T) -> T {
        let here = self.enter_member(name);
        let outcome = act(self);
        self.step_back(here);
        outcome
    }

    /// Does something at an element of the array here.
    pub fn element<T>(&mut self, index: u32, act: impl FnOnce(&mut Self) -> T) -> T {
        let here = self.enter_element(index);
        let outcome = act(self);
        self.step_back(here);
        outcome
    }

    // What follows is not generic and stays apart, so that a component holds it once.

    #[inline(never)]
    fn note_found(&mut self, expected: &str, found: &str) {
        self.note_mistake(&text(&["expected ", expected, ", found ", found]));
    }

    #[inline(never)]
    fn note_mistake(&mut self, what: &str) {
        match self.place.as_str() {
            "" => self.mistakes.note(&["the settings: ", what]),
            place => self.mistakes.note(&["`", place, "`: ", what]),
        }
    }

    #[inline(never)]
    fn note_missing(&mut self) {
        self.mistakes.note(&["missing setting `", &self.place, "`"]);
    }

    #[inline(never)]
    fn enter_member(&mut self, name: &str) -> (usize, usize) {
        let here = (self.pointer.len(), self.place.len());
        push_all(&mut self.pointer, &["/", &escaped(name)]);
        let separator = if self.place.is_empty() { "" } else { "." };
        push_all(&mut self.place, &[separator, name]);
        here
    }

    #[inline(never)]
    fn enter_element(&mut self, index: u32) -> (usize, usize) {
        let here = (self.pointer.len(), self.place.len());
        let index = decimal(u64::from(index));
        push_all(&mut self.pointer, &["/", &index]);
        push_all(&mut self.place, &["[", &index, "]"]);
        here
    }

    pub(crate) fn is_null(&self) -> bool {
        host::kind(&self.pointer) == Some(host::ValueKind::Null)
    }

    #[inline(never)]
    fn step_back(&mut self, (pointer, place): (usize, usize)) {
        self.pointer.truncate(pointer);
        self.place.truncate(place);
    }

    fn is_absent(&self) -> bool {
        host::kind(&self.pointer).is_none()
    }

    fn require<T>(&mut self, absent: Option<T>) -> Option<T> {
        if absent.is_none() {
            self.note_missing();
        }
        absent
    }

    fn unknown(&mut self, known: &[&str]) {
        let known = if known.is_empty() { "there are none".to_owned() } else { list("known: ", known) };
        self.mistakes.note(&["unknown setting `", &self.place, "`; ", &known]);
    }

    fn found(&self) -> &'static str {
        match host::kind(&self.pointer) {
            None => "nothing",
            Some(host::ValueKind::Null) => "null",
            Some(host::ValueKind::Boolean) => "a boolean",
            Some(host::ValueKind::Number) => "a number",
            Some(host::ValueKind::Text) => "a text",
            Some(host::ValueKind::Array) => "an array",
            Some(host::ValueKind::Object) => "an object",
        }
    }
}

/// What is wrong, a line each.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(String);

impl Mistakes {
    fn note(&mut self, parts: &[&str]) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        push_all(&mut self.0, parts);
    }
}

/// A name as it stands in an RFC 6901 pointer.
fn escaped(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte == b'~' || byte == b'/') {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::new();
    for character in name.chars() {
        match character {
            '~' => escaped.push_str("~0"),
            '/' => escaped.push_str("~1"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

fn whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    (whole as f64 == number).then_some(whole)
}
