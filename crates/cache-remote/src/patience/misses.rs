//! Asking a store less often that has nothing.

use cache_core::ActionId;

/// How many misses in a row each step takes: the first asks for every lookup, the next for every
/// second, then for every fourth, and so on.
pub(super) const STEP: u32 = 32;

/// The last step asks for one lookup in so many, for as long as nothing is found.
pub(super) const RAREST: u32 = 16;

/// The lookups in a row that found nothing. After a hundred of them, the next one finds something at
/// a chance of about a hundredth; and even where a store is so near that it costs no time, asking it
/// takes a processor a millisecond.
#[derive(Default)]
pub(super) struct Misses {
    in_a_row: u32,
    lookups: u32,
}

impl Misses {
    pub(super) fn missed(&mut self) {
        self.in_a_row = self.in_a_row.saturating_add(1);
    }

    /// Something was found, so that each lookup may find something again.
    pub(super) fn hit(&mut self) {
        self.in_a_row = 0;
    }

    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Whether a lookup is not to be asked for. Which ones are is left to the IDs: a build may look
    /// things up in a pattern, and each kind of thing is to have its turn. One that is looked up
    /// again and again has it too.
    pub(super) fn pass_over(&mut self, action: &ActionId) -> bool {
        let one_in = 1_u32.checked_shl(self.in_a_row / STEP).map_or(RAREST, |one| one.min(RAREST));
        self.lookups = self.lookups.wrapping_add(1);
        let [.., last] = *action.as_bytes();
        !u32::from(last).wrapping_add(self.lookups).is_multiple_of(one_in)
    }
}
