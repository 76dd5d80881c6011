//! The misrule command.
fn main() {}
