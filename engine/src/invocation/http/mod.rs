//! HTTP requests, in the shapes in which services send them.

/// How an HTTP answer must be written so that the caller's service understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpShape {
    /// Payload format 2.0: HTTP APIs and function URLs.
    PayloadV2,
}
