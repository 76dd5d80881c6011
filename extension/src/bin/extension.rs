//! The extension.
fn main() {}
