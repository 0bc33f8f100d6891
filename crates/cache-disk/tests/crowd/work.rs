//! What the processes put: numbered pieces of work whose bytes follow from the seed and the number,
//! so that every process can tell the right answer to any get.

use cache_core::{ActionId, FileName, OutputId};

use test_attacks::Dice;

pub(crate) struct Work {
    pub(crate) action: ActionId,
    pub(crate) body: Vec<u8>,
    pub(crate) output: OutputId,
    /// Its name, when it is put as an executable.
    pub(crate) executable: Option<FileName>,
}

impl Work {
    /// Two neighbours have equal outputs. Of every four such pairs, two are plain, one is an
    /// executable and the same bytes put plain, and one is an executable under two names.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let content = number / 2;
        let executable = match (content % 4, number % 2) {
            (2, 0) | (3, 0) => Some("tool"),
            (3, _) => Some("another-tool"),
            _ => None,
        };
        let mut dice = Dice::new(
            OutputId::of(&[seed, content].map(u64::to_le_bytes).concat()).as_bytes()[..8]
                .iter()
                .fold(0, |seed, &byte| seed << 8 | u64::from(byte)),
        );
        let size = match dice.below(32) {
            0 => 0,
            1 | 2 => dice.below(200_000),
            _ => dice.below(8_000),
        };
        let body = dice.bytes(size);
        let action = OutputId::of(&[seed, number, 1].map(u64::to_le_bytes).concat());
        Self {
            action: ActionId::from_bytes(*action.as_bytes()),
            output: OutputId::of(&body),
            executable: executable.map(|name| FileName::new(name).unwrap()),
            body,
        }
    }
}
