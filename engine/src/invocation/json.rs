//! Looking things up in JSON text without parsing what nobody asked for.

/// The kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// What stands at an RFC 6901 pointer: the exact source slice. None where nothing does, where the text is no JSON, and
/// where the pointer is none. Of members with the same name the last counts.
pub fn at<'a>(_text: &'a [u8], _pointer: &str) -> Option<&'a str> {
    None
}

/// The kind of this JSON text, which [`at`] returned.
pub fn kind(_value: &str) -> Option<Kind> {
    None
}

/// The boolean that this JSON text is.
pub fn boolean(_value: &str) -> Option<bool> {
    None
}

/// The number that this JSON text is.
pub fn number(_value: &str) -> Option<f64> {
    None
}

/// The string that this JSON text is, unescaped.
pub fn text(_value: &str) -> Option<String> {
    None
}

/// How many elements this array or members this object has.
pub fn count(_value: &str) -> Option<u32> {
    None
}

/// The names of this object's members, in order; none where it is no object.
pub fn members(_value: &str) -> Vec<String> {
    Vec::new()
}
