//! The JSON Schema of a policy's settings, written while the policy compiles: no code of it is in the component, only
//! the text, in the custom section `misrule:settings`.
//!
//! It is of draft 4, the only one that
//! [AppConfig's validators](https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html)
//! take. What it cannot say, the policy still checks: zones, captures of one name, limits between settings.

use super::{Field, Literal, Shape, Word};

const DRAFT: &str = "\"$schema\":\"http://json-schema.org/draft-04/schema#\",";

const DURATION: &str = r#""minLength":2,"pattern":"^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$""#;

/// How many bytes the schema of settings of this shape has.
pub const fn length(shape: &Shape) -> usize {
    let mut writer = Writer::<0> { text: [], length: 0 };
    writer.root(shape);
    writer.length
}

/// The schema of settings of this shape, as JSON text; `N` is its [`length`].
pub const fn json<const N: usize>(shape: &Shape) -> [u8; N] {
    let mut writer = Writer { text: [0; N], length: 0 };
    writer.root(shape);
    writer.text
}

/// This word as the default of a setting of this shape; none where it is not among the shape's words.
#[doc(hidden)]
pub const fn word(shape: &Shape, word: &'static str) -> Option<Literal> {
    let Shape::Word(words) = shape else { return None };
    let mut index = 0;
    while index < words.len() {
        if same(words[index].name.as_bytes(), word.as_bytes()) {
            return Some(Literal::Text(word));
        }
        index += 1;
    }
    None
}

/// Writes as much as there is room for, and counts all of it.
struct Writer<const N: usize> {
    text: [u8; N],
    length: usize,
}

impl<const N: usize> Writer<N> {
    const fn root(&mut self, shape: &Shape) {
        self.put("{");
        self.put(DRAFT);
        self.members(shape);
        self.put("}");
    }

    /// The schema of a member, with what its documentation says.
    const fn field(&mut self, field: &Field) {
        self.put("{");
        if !field.doc.is_empty() {
            self.put("\"description\":");
            self.quoted(field.doc);
            self.put(",");
        }
        if let Some(default) = field.default {
            self.put("\"default\":");
            self.literal(default);
            self.put(",");
        }
        self.members(&field.shape);
        self.put("}");
    }

    const fn literal(&mut self, literal: Literal) {
        match literal {
            Literal::Text(text) => self.quoted(text),
            Literal::Json(json) => self.put(json),
        }
    }

    const fn schema(&mut self, shape: &Shape) {
        self.put("{");
        self.members(shape);
        self.put("}");
    }

    const fn members(&mut self, shape: &Shape) {
        match shape {
            Shape::Text => self.put(r#""type":"string""#),
            Shape::Boolean => self.put(r#""type":"boolean""#),
            Shape::Number => self.put(r#""type":"number""#),
            Shape::Whole { min, max } => self.whole(*min, *max),
            Shape::Duration => self.titled("duration", DURATION),
            Shape::PathTemplate => self.titled("path template", r#""pattern":"^/""#),
            Shape::Pattern => self.titled("regular expression", r#""maxLength":1024"#),
            Shape::TimeOfDay => {
                self.titled("time of day", r#""pattern":"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$""#);
            }
            Shape::TimeZone => self.titled("time zone", r#""minLength":1"#),
            Shape::Optional(shape) => {
                self.put(r#""anyOf":["#);
                self.schema(shape);
                self.put(r#",{"type":"null"}]"#);
            }
            Shape::List(shape) => self.holding("array", "items", shape),
            Shape::Table(shape) => self.holding("object", "additionalProperties", shape),
            Shape::Object(fields) => self.object(fields),
            Shape::Word(words) => self.words(words),
        }
    }

    const fn titled(&mut self, title: &str, rest: &str) {
        self.put(r#""title":"#);
        self.quoted(title);
        self.put(r#","type":"string","#);
        self.put(rest);
    }

    const fn whole(&mut self, min: i64, max: i64) {
        self.put(r#""type":"integer","minimum":"#);
        self.number(min);
        self.put(r#","maximum":"#);
        self.number(max);
    }

    const fn holding(&mut self, kind: &str, member: &str, shape: &Shape) {
        self.put(r#""type":"#);
        self.quoted(kind);
        self.put(",");
        self.quoted(member);
        self.put(":");
        self.schema(shape);
    }

    const fn object(&mut self, fields: &[Field]) {
        self.put(r#""type":"object","additionalProperties":false,"properties":{"#);
        let mut index = 0;
        while index < fields.len() {
            self.separator(index);
            self.quoted(fields[index].name);
            self.put(":");
            self.field(&fields[index]);
            index += 1;
        }
        self.put("}");
        self.required(fields);
    }

    /// Draft 4 knows no empty `required`.
    const fn required(&mut self, fields: &[Field]) {
        let (mut index, mut found) = (0, 0);
        while index < fields.len() {
            if fields[index].required {
                self.put(if found == 0 { r#","required":["# } else { "," });
                self.quoted(fields[index].name);
                found += 1;
            }
            index += 1;
        }
        if found > 0 {
            self.put("]");
        }
    }

    /// One of these words, each with its documentation where any has one.
    const fn words(&mut self, words: &[Word]) {
        if !documented(words) {
            return self.enumeration(words);
        }
        self.put(r#""anyOf":["#);
        let mut index = 0;
        while index < words.len() {
            self.separator(index);
            self.put("{");
            if !words[index].doc.is_empty() {
                self.put("\"description\":");
                self.quoted(words[index].doc);
                self.put(",");
            }
            self.enumeration(words.split_at(index).1.split_at(1).0);
            self.put("}");
            index += 1;
        }
        self.put("]");
    }

    const fn enumeration(&mut self, words: &[Word]) {
        self.put(r#""enum":["#);
        let mut index = 0;
        while index < words.len() {
            self.separator(index);
            self.quoted(words[index].name);
            index += 1;
        }
        self.put("]");
    }

    const fn separator(&mut self, index: usize) {
        if index > 0 {
            self.put(",");
        }
    }

    /// A JSON string.
    const fn quoted(&mut self, text: &str) {
        self.put("\"");
        let (bytes, mut index) = (text.as_bytes(), 0);
        while index < bytes.len() {
            self.escaped(bytes[index]);
            index += 1;
        }
        self.put("\"");
    }

    const fn escaped(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        if byte == b'"' || byte == b'\\' {
            self.byte(b'\\');
            self.byte(byte);
        } else if byte < b' ' {
            self.put("\\u00");
            self.byte(DIGITS[(byte >> 4) as usize]);
            self.byte(DIGITS[(byte & 15) as usize]);
        } else {
            self.byte(byte);
        }
    }

    const fn number(&mut self, number: i64) {
        if number < 0 {
            self.put("-");
        }
        self.digits(number.unsigned_abs());
    }

    const fn digits(&mut self, number: u64) {
        if number >= 10 {
            self.digits(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn put(&mut self, text: &str) {
        let (bytes, mut index) = (text.as_bytes(), 0);
        while index < bytes.len() {
            self.byte(bytes[index]);
            index += 1;
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.text[self.length] = byte;
        }
        self.length += 1;
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    one.len() == other.len()
}

const fn documented(words: &[Word]) -> bool {
    let mut index = 0;
    while index < words.len() {
        if !words[index].doc.is_empty() {
            return true;
        }
        index += 1;
    }
    false
}
