//! Chance that a seed replays.

use std::time::Duration;

/// The generator SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of a sequence of its own, for another thread or process.
    pub fn seed(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn up_to(&mut self, end: u64) -> u64 {
        self.seed() % end
    }

    /// A number below `end`, which is not 0, for a place in memory.
    pub fn below(&mut self, end: usize) -> usize {
        // The remainder fits, for `end` does.
        self.up_to(end as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these, of which there is at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// So many bytes that do not compress.
    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend_from_slice(&self.seed().to_le_bytes());
        }
        bytes.truncate(size);
        bytes
    }

    /// A part of this time.
    pub fn part_of(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.up_to(1000) as f64 / 1000.0)
    }
}
