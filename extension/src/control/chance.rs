//! Chance that no copy of this process shares. What the standard library seeded before a snapshot (SnapStart) is the same
//! in every environment that was restored from it; the kernel's is not.
//! <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html>

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Read as _;

const KERNEL: &str = "/dev/urandom";

/// A number that nobody can foresee.
pub(super) fn draw() -> u64 {
    let mut drawn = [0; 8];
    match File::open(KERNEL).and_then(|mut kernel| kernel.read_exact(&mut drawn)) {
        Ok(()) => u64::from_ne_bytes(drawn),
        Err(_) => RandomState::new().hash_one(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_draws_are_alike() {
        assert_eq!((0..100).map(|_| draw()).collect::<BTreeSet<_>>().len(), 100);
    }
}
