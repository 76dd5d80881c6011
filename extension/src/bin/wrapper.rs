//! The wrapper.
fn main() {}
