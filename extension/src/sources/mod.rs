//! Where experiments come from.
