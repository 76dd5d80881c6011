//! What the handler answered.

use std::fmt;

use crate::host::response as host;
use crate::{Document, Timestamp};

/// The handler's answer, as `after` sees it.
///
/// Of a buffered answer only [`Self::answered_at`], [`Self::failed`], [`Self::error_type`] and [`Self::streaming`] may be
/// read, unless the policy takes [`Hooks::ANSWER_BODY`](crate::Hooks::ANSWER_BODY). Of a streamed answer status and headers
/// may be read too, but never a body. Reading what may not be read ends the hook, and nothing is injected.
pub struct Response(pub(crate) ());

impl Response {
    /// When the answer began.
    pub fn answered_at(&self) -> Timestamp {
        Timestamp::from_milliseconds(host::answered_at())
    }

    /// Whether the handler reported an error rather than a result.
    pub fn failed(&self) -> bool {
        host::failed()
    }

    /// The type of the error that the handler reported.
    pub fn error_type(&self) -> Option<String> {
        host::error_type()
    }

    /// The HTTP status.
    pub fn status(&self) -> Option<u16> {
        host::status()
    }

    /// A header's first value. Names are case-insensitive.
    pub fn header(&self, name: &str) -> Option<String> {
        host::header(name).into_iter().next()
    }

    /// Every value of a header, in order.
    pub fn header_values(&self, name: &str) -> Vec<String> {
        host::header(name)
    }

    /// Whether the answer is streamed.
    pub fn streaming(&self) -> bool {
        host::streaming()
    }

    /// The HTTP body, decoded where the answer carries it in base64.
    pub fn body(&self) -> Option<Vec<u8>> {
        host::body()
    }

    /// The JSON text at an RFC 6901 pointer, exactly as it stands there; `""` is the root.
    pub fn json(&self, document: Document, pointer: &str) -> Option<String> {
        host::json(document.into(), pointer)
    }

    /// The string at the pointer, unescaped; none where there is no string.
    pub fn text(&self, document: Document, pointer: &str) -> Option<String> {
        host::text(document.into(), pointer)
    }

    /// The number at the pointer; none where there is no number.
    pub fn number(&self, document: Document, pointer: &str) -> Option<f64> {
        host::number(document.into(), pointer)
    }

    /// How many elements the array, or members the object, at the pointer has; none where there is neither.
    pub fn count(&self, document: Document, pointer: &str) -> Option<u32> {
        host::count(document.into(), pointer)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Response")
    }
}
