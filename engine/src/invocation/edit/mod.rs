//! Changing an event or an answer in one place. Every other byte stays as it was, in its order and with its spaces.
//!
//! | what | where |
//! | --- | --- |
//! | [`pointed`] | at an RFC 6901 pointer into the whole text |
//! | [`body`] | at a pointer into its HTTP body, read as JSON |
//! | [`header`] | an HTTP header, wherever the text has it |
//! | [`without_records`], [`report`] | the records of a batch, and what is said of them |
//!
//! [`stated`] comes first where a service infers what is to be changed.

mod body;
mod headers;
mod members;
mod pointed;
mod records;
mod stated;

pub use body::{body, with_body};
pub use headers::{Cookies, header};
pub use pointed::pointed;
pub use records::{report, without_records};
pub use stated::{decoded, stated};

/// Why a text cannot be changed as wanted. Pointers and values are not repeated: they may hold a customer's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// What a pointer is to lead into.
    #[error("it is not JSON")]
    NotJson,
    /// RFC 6901.
    #[error("the pointer is none: it neither is empty nor begins with `/`, or has a `~` before neither `0` nor `1`")]
    NoPointer,
    /// Only what stands in an object or array can be put or removed.
    #[error("the pointer leads nowhere: there is no object or array before its segment {0}")]
    NoParent(usize),
    /// Beyond the end of an array, or a name of no element.
    #[error("the pointer's last segment is none of the array's elements; `-` adds one at its end")]
    NoElement,
    /// There is nothing to remove.
    #[error("nothing stands at the pointer, so nothing can be removed")]
    NothingThere,
    /// An event or answer cannot be without its text.
    #[error("the whole can be replaced, but not removed")]
    Whole,
    /// What Lambda would not read as one.
    #[error("it is neither a JSON object nor null, so no report of failed records")]
    NoReport,
    /// HTTP without a body.
    #[error("it has no body, or one that is no valid base64")]
    NoBody,
    /// There is nothing to remove.
    #[error("it has no header `{0}`, so none can be removed")]
    NoHeader(String),
}
