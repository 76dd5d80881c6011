//! Faults carried out.
