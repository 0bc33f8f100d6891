//! What the attacks on Larder's promises share.
//!
//! An attack is a test that does the same bad thing again and again, dealt by chance, and looks each
//! time whether the promise still holds. In the ordinary tests it is short; `cargo xtask torture` runs
//! it long, by three variables that each attack takes:
//!
//! - `LARDER_SEED`: the seed, to replay. Without it a new one is taken, and printed.
//! - `LARDER_ROUNDS`: how many rounds.
//! - `LARDER_SECONDS`: after so long no new round begins, however many are left.
//!
//! ```
//! let mut attack = test_attacks::Attack::new("bit flips", 10);
//! while attack.goes_on() {
//!     let flipped = attack.dice.below(8);
//!     assert!(1_u8 << flipped != 0);
//! }
//! attack.held("flips", "");
//! ```

mod dice;
#[cfg(target_os = "linux")]
pub mod hostile;
#[cfg(target_os = "linux")]
pub mod mount;

use std::env;
use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

pub use dice::Dice;

const SEED: &str = "LARDER_SEED";
const ROUNDS: &str = "LARDER_ROUNDS";
const SECONDS: &str = "LARDER_SECONDS";

/// An attack that is under way.
pub struct Attack {
    name: &'static str,
    seed: u64,
    rounds: u64,
    begun: u64,
    start: Instant,
    length: Option<Duration>,
    /// What the rounds are dealt from.
    pub dice: Dice,
}

impl Attack {
    /// An attack of so many rounds, where [the variables](crate) say nothing else. Prints the seed.
    ///
    /// # Panics
    ///
    /// When one of the variables is not a number.
    pub fn new(name: &'static str, rounds: u64) -> Self {
        Self::begin(name, number(ROUNDS).unwrap_or(rounds), None)
    }

    /// An attack of so many seconds, where [the variables](crate) say nothing else. Prints the seed.
    ///
    /// # Panics
    ///
    /// When one of the variables is not a number.
    pub fn of_seconds(name: &'static str, seconds: u64) -> Self {
        Self::begin(name, number(ROUNDS).unwrap_or(u64::MAX), Some(seconds))
    }

    fn begin(name: &'static str, rounds: u64, seconds: Option<u64>) -> Self {
        let seed = number(SEED).unwrap_or_else(new_seed);
        let length = number(SECONDS).or(seconds).map(Duration::from_secs);
        println!("attack {name}: {SEED}={seed}");
        let (start, dice) = (Instant::now(), Dice::new(seed));
        Self { name, seed, rounds, begun: 0, start, length, dice }
    }

    /// What [`dice`](Self::dice) was made of.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How long the attack goes on, where it ends by time.
    pub fn length(&self) -> Option<Duration> {
        self.length
    }

    /// Whether there is another round, which begins then.
    pub fn goes_on(&mut self) -> bool {
        let is_over = self.length.is_some_and(|length| self.start.elapsed() >= length);
        let goes_on = !is_over && self.begun < self.rounds;
        self.begun += u64::from(goes_on);
        goes_on
    }

    /// The number of the round, from 1 on.
    pub fn round(&self) -> u64 {
        self.begun
    }

    /// The promise held in every round: prints how many there were, what they are called, and what
    /// else is worth to know, which may be empty. `cargo xtask torture` puts it into its table.
    ///
    /// # Panics
    ///
    /// When there was no round.
    pub fn held(self, rounds: &str, more: impl Display) {
        assert!(self.begun > 0, "attack {}: there was no round", self.name);
        let more = more.to_string();
        let comma = if more.is_empty() { "" } else { ", " };
        println!("attack {} held: {} {rounds}{comma}{more}", self.name, self.begun);
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self { name, seed, begun, .. } = self;
            println!(
                "attack {name}: broken in round {begun}; replay it: {SEED}={seed} {ROUNDS}={begun}"
            );
        }
    }
}

fn new_seed() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}
