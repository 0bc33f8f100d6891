//! What is put: numbered bodies for numbered actions, the same in every process.

use cache_core::ActionId;
use test_attacks::Dice;

/// All processes put for the same actions.
pub(crate) const ACTIONS: u64 = 40;

/// The bodies' sizes in bytes. What fits into 128 KiB is put from memory, more is copied.
const SIZES: [usize; 14] = [
    0,
    1,
    174,
    175,
    1000,
    4096,
    10_000,
    30_000,
    131_071,
    131_072,
    131_073,
    300_000,
    1 << 20,
    3 << 20,
];

/// There are two bodies of each size.
pub(crate) const BODIES: u64 = 2 * SIZES.len() as u64;

/// A body as the result of an action, by their numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Put {
    pub(crate) action: u64,
    pub(crate) body: u64,
}

/// So many puts, of which three in four are small.
pub(crate) fn deal(dice: &mut Dice, puts: usize) -> Vec<Put> {
    let mut put = || {
        let small = 2 * SIZES.iter().filter(|&&size| size < 100_000).count() as u64;
        let bodies = if dice.one_in(4) { BODIES } else { small };
        Put { action: dice.up_to(ACTIONS), body: dice.up_to(bodies) }
    };
    (0..puts).map(|_| put()).collect()
}

pub(crate) fn action(number: u64) -> ActionId {
    let mut id = [0; 32];
    id.copy_from_slice(&Dice::new(number).bytes(32));
    ActionId::from_bytes(id)
}

pub(crate) fn body(number: u64) -> Vec<u8> {
    Dice::new(ACTIONS + number).bytes(SIZES[number as usize / 2])
}
