//! Settings: how a policy reads what an experiment gives it, and how mistakes in it are told.
//!
//! `#[derive(Settings)]` writes the implementations for a policy's own structs and enums. These types can stand in them:
//!
//! | type | in the settings |
//! | --- | --- |
//! | [`String`] | text |
//! | [`bool`] | true or false |
//! | integers | a whole number in the type's range, up to 2^53 |
//! | [`f64`] | a number |
//! | [`Duration`](std::time::Duration) | text such as `250ms`, `5s`, `1m30s` |
//! | [`Window`](crate::Window), [`PathTemplate`](crate::PathTemplate), [`Pattern`](crate::Pattern) | see there |
//! | [`Option`] | may be absent, or null |
//! | [`Vec`] | an array |
//! | [`Table`] | an object with any members |
//!
//! The doc comments of fields and words are kept: from them, and from the types, [`schema`] makes the JSON Schema that
//! `misrule build` puts into the component.
//!
//! Every mistake is told at once, each with its place. What stands there is not repeated, since it may be a secret and
//! mistakes end in the function's log; messages of `Policy::check` and of hand-written implementations keep to that, too:
//!
//! ```
//! use misrule_sdk::{Policy, Settings, testing};
//!
//! #[derive(Debug, Settings)]
//! struct Outage {
//!     paths: Vec<String>,
//!     status: u16,
//! }
//! impl Policy for Outage {}
//!
//! let mistakes = testing::configure::<Outage>(r#"{ "pahts": [], "paths": ["/a", 5], "status": "503" }"#).unwrap_err();
//! assert_eq!(mistakes, "unknown setting `pahts`; known: paths, status\n\
//!     `paths[1]`: expected text, found a number\n\
//!     `status`: expected a whole number from 0 to 65535, found a text");
//! ```

mod duration;
mod reader;
pub mod schema;
mod table;
mod values;
pub(crate) mod wording;

pub use reader::Reader;
pub use table::Table;

/// A value that can be read from an experiment's settings. Derive it for structs and enums.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand among a policy's settings",
    note = "settings are text, numbers, booleans, `Duration`, `Window`, `PathTemplate`, `Pattern`, `Option`, `Vec`, `Table`, and what derives `Settings`"
)]
pub trait Settings: Sized {
    /// What such a value looks like.
    const SHAPE: Shape;

    /// Reads the value where the reader stands. None where it is wrong: the reader then knows the mistakes.
    fn read(reader: &mut Reader) -> Option<Self>;

    /// The value of a field that is absent: none where it is required.
    #[doc(hidden)]
    fn absent() -> Option<Self> {
        None
    }
}

/// What a setting looks like, with what its documentation says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number in this range.
    Whole {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A number.
    Number,
    /// Text such as `250ms`, `5s`, `1m30s`.
    Duration,
    /// A path template.
    PathTemplate,
    /// A regular expression.
    Pattern,
    /// Text such as `09:00`, up to `24:00`.
    TimeOfDay,
    /// An IANA time zone.
    TimeZone,
    /// May be absent or null.
    Optional(&'static Shape),
    /// An array.
    List(&'static Shape),
    /// An object with any members.
    Table(&'static Shape),
    /// An object with these members.
    Object(&'static [Field]),
    /// One of these words.
    Word(&'static [Word]),
}

impl Shape {
    /// Whether a field of this shape has to be there, unless it has a default.
    pub const fn is_required(&self) -> bool {
        !matches!(self, Self::Optional(_))
    }
}

/// One member of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// What it is where it is absent, if that can be told from how the default is written.
    pub default: Option<Literal>,
    /// Whether it has to be there.
    pub required: bool,
    /// What it looks like.
    pub shape: Shape,
}

/// A value as a schema has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(&'static str),
    /// Anything else, as JSON.
    Json(&'static str),
}

/// One word that a setting may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
}

/// Reads and checks a policy.
pub(crate) fn read<P: crate::Policy>() -> Result<P, String> {
    let mut reader = Reader::new();
    let policy = P::read(&mut reader);
    match policy {
        Some(policy) if reader.is_content() => policy.check().map(|()| policy),
        _ => Err(reader.into_mistakes()),
    }
}
