//! Chance that is the same each time.

use misrule_engine::digest::Digest;

/// Draws numbers; which ones depends on the seed alone.
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A number from 0 to just below `sides`.
    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        let bytes = Digest::of(&[self.seed.to_le_bytes(), self.thrown.to_le_bytes()].concat()).to_bytes();
        let number = bytes.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        usize::try_from(number % sides.max(1) as u64).unwrap()
    }

    /// Any byte.
    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.throw(256)).unwrap()
    }
}
