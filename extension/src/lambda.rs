//! The Extensions API.
