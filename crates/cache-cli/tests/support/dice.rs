//! Randomness that can be replayed: `LARDER_SEED` is its seed, which is printed.

use std::env;
use std::time::{Duration, UNIX_EPOCH};

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// Those of this run, which kills `kills` times if `LARDER_KILLS` says nothing else. Returns also
    /// how often.
    pub fn and_kills(kills: u64) -> (Self, u64) {
        let kills = number("LARDER_KILLS").unwrap_or(kills);
        let now = || UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
        let seed = number("LARDER_SEED").unwrap_or_else(now);
        println!("LARDER_SEED={seed} LARDER_KILLS={kills}");
        (Self(seed), kills)
    }

    pub fn up_to(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// A part of this time.
    pub fn part_of(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.up_to(1000) as f64 / 1000.0)
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}
