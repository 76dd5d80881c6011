//! Delays chosen paths by a fixed or random time.
