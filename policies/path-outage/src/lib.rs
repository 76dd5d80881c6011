//! Answers chosen paths with an error, in a time window or always.
