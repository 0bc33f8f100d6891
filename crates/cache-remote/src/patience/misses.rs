//! Asking a store less often that has nothing.

/// So many misses in a row are asked for at each of the steps: every lookup, every second, every
/// fourth, and so on.
pub(super) const STEP: u32 = 32;

/// The last step asks for one lookup in this many, for as long as nothing is found.
pub(super) const RAREST: u32 = 16;

/// The lookups of a row that found nothing. After so many of them, the next one is as unlikely to
/// find anything as one in their number, and even a store so near that it costs no time takes a
/// processor a millisecond for each.
#[derive(Default)]
pub(super) struct Misses {
    in_a_row: u32,
    passed_over: u32,
}

impl Misses {
    pub(super) fn missed(&mut self) {
        self.in_a_row = self.in_a_row.saturating_add(1);
    }

    /// Something was found, so that each lookup may find something again.
    pub(super) fn hit(&mut self) {
        *self = Self::default();
    }

    /// Whether the next lookup is not to be asked for.
    pub(super) fn pass_over(&mut self) -> bool {
        let one_in = 1_u32.checked_shl(self.in_a_row / STEP).map_or(RAREST, |one| one.min(RAREST));
        let passes = self.passed_over + 1 < one_in;
        self.passed_over = if passes { self.passed_over + 1 } else { 0 };
        passes
    }

    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }
}
