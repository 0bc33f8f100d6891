//! How lookups are answered: beside each other, or each before the next request is read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::ActionId;

use crate::answer;
use crate::owed::{Owed, contain};

/// A lookup that takes longer was waiting, as for a disk, and others could have gone on meanwhile.
const QUICK: Duration = Duration::from_micros(250);

/// Where one in so many is slow, as on a disk that has not all in memory, they are not taken for
/// quick: a slow one would hold up the others each time.
const IN_A_ROW: u32 = 16;

/// Tells how the next lookup is to be answered, by how the last ones went.
pub(crate) struct Lookups {
    are_local: bool,
    /// How many were quick in a row, of late.
    quick: AtomicU32,
}

impl Lookups {
    /// For a cache whose lookups wait for this machine alone, or for another one too.
    pub(crate) fn new(are_local: bool) -> Self {
        Self { are_local, quick: AtomicU32::new(if are_local { IN_A_ROW } else { 0 }) }
    }

    /// Whether one is over before another thread could have woken up to go on beside it.
    pub(crate) fn are_quick(&self) -> bool {
        self.quick.load(Ordering::Relaxed) >= IN_A_ROW
    }

    /// Looks an action up, and answers.
    pub(crate) fn answer(&self, owed: Owed, action: &ActionId) {
        let begun = Instant::now();
        contain(|| answer::get(owed, action));
        self.took(begun.elapsed());
    }

    fn took(&self, time: Duration) {
        if self.are_local {
            let quick = if time < QUICK { self.quick.load(Ordering::Relaxed) + 1 } else { 0 };
            self.quick.store(quick.min(IN_A_ROW), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_lookups_are_quick_until_one_is_slow_and_after_many_quick_ones_again() {
        let lookups = Lookups::new(true);
        for _ in 0..3 {
            (0..100).for_each(|_| lookups.took(QUICK / 2));
            assert!(lookups.are_quick());
            lookups.took(QUICK);
            for _ in 0..IN_A_ROW {
                assert!(!lookups.are_quick());
                lookups.took(QUICK / 2);
            }
            assert!(lookups.are_quick());
        }
    }

    #[test]
    fn lookups_that_may_wait_for_another_machine_are_never_taken_for_quick() {
        let lookups = Lookups::new(false);
        for _ in 0..=IN_A_ROW {
            assert!(!lookups.are_quick());
            lookups.took(Duration::ZERO);
        }
    }
}
