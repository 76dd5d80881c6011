//! An object or array taken apart: where in the text each of its parts begins and ends.

use std::borrow::Cow;
use std::ops::Range;

use crate::invocation::json::{self, Part};

/// The parts of one object or array within a text.
pub(super) struct Members<'a> {
    /// The whole object or array.
    pub(super) span: Range<usize>,
    pub(super) is_object: bool,
    parts: Vec<(Option<Cow<'a, str>>, Range<usize>)>,
}

impl<'a> Members<'a> {
    /// Takes apart the object or array that this slice of the text is; none where it is neither.
    pub(super) fn of(text: &'a str, slice: &'a str) -> Option<Self> {
        let span = span(text, slice)?;
        let mut parts = Vec::new();
        json::walk(slice, |part, value| {
            let name = if let Part::Member(name) = part { Some(name) } else { None };
            parts.extend(self::span(text, value).map(|value| (name, value)));
        })?;
        Some(Self { is_object: slice.starts_with('{'), span, parts })
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Where the value of this part stands.
    pub(super) fn value(&self, index: usize) -> Option<Range<usize>> {
        self.parts.get(index).map(|(_, value)| value.clone())
    }

    /// The parts whose names this picks, in order.
    pub(super) fn named(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let named = |name: &Option<Cow<'_, str>>| name.as_deref().is_some_and(&wanted);
        self.parts.iter().enumerate().filter(|(_, (name, _))| named(name)).map(|(index, _)| index).collect()
    }

    /// What is cut out where these parts are removed, each with one comma. `gone` is in order.
    pub(super) fn without(&self, text: &str, gone: &[usize]) -> Vec<Range<usize>> {
        let leading = gone.iter().enumerate().take_while(|(place, index)| place == *index).count();
        let mut cuts = Vec::new();
        if leading > 0 {
            let end = if leading == self.len() { self.end_of(leading - 1) } else { self.start_of(text, leading) };
            cuts.push(self.start_of(text, 0)..end);
        }
        cuts.extend(gone[leading..].iter().map(|index| self.end_of(index - 1)..self.end_of(*index)));
        cuts
    }

    /// Where one more part is put in, and what stands before it there.
    pub(super) fn room(&self) -> (usize, &'static str) {
        match self.parts.last() {
            Some((_, value)) => (value.end, ","),
            None => (self.span.start + 1, ""),
        }
    }

    fn end_of(&self, index: usize) -> usize {
        self.parts[index].1.end
    }

    /// Where a part begins: at its name, or at its value where it has none.
    fn start_of(&self, text: &str, index: usize) -> usize {
        let from = if index == 0 { self.span.start + 1 } else { self.end_of(index - 1) };
        let between = |letter: char| letter.is_ascii_whitespace() || letter == ',';
        from + text[from..].len() - text[from..].trim_start_matches(between).len()
    }
}

/// Where a slice stands in the text that it is a slice of.
pub(super) fn span(text: &str, slice: &str) -> Option<Range<usize>> {
    let start = (slice.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start + slice.len();
    (end <= text.len()).then_some(start..end)
}

/// The text with other words in these places, which follow one another.
pub(super) fn replaced(text: &str, changes: &[(Range<usize>, &str)]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(text.len() + changes.iter().map(|(_, words)| words.len()).sum::<usize>());
    let mut from = 0;
    for (place, words) in changes {
        changed.extend_from_slice(&text.as_bytes()[from..place.start]);
        changed.extend_from_slice(words.as_bytes());
        from = place.end;
    }
    changed.extend_from_slice(&text.as_bytes()[from..]);
    changed
}
