//! The function of the demo.
fn main() {}
