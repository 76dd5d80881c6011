//! A JSON text that is looked at piece by piece.

/// Which JSON document a pointer is resolved in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The whole event or answer.
    Whole,
    /// Its decoded HTTP body, read as JSON.
    Body,
}
