//! How lookups are answered: beside each other, or each before the next request is read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cache_core::ActionId;

use crate::answer;
use crate::owed::{Owed, contain};

/// A lookup that takes longer was waiting, as for a disk, and others could have gone on meanwhile.
const QUICK: Duration = Duration::from_micros(250);

/// Tells how the next lookup is to be answered, by how the last one went.
pub(crate) struct Lookups {
    are_local: bool,
    are_quick: AtomicBool,
}

impl Lookups {
    /// For a cache whose lookups wait for this machine alone, or for another one too.
    pub(crate) fn new(are_local: bool) -> Self {
        Self { are_local, are_quick: AtomicBool::new(are_local) }
    }

    /// Whether one is over before another thread could have woken up to go on beside it.
    pub(crate) fn are_quick(&self) -> bool {
        self.are_quick.load(Ordering::Relaxed)
    }

    /// Looks an action up, and answers.
    pub(crate) fn answer(&self, owed: Owed, action: &ActionId) {
        let begun = Instant::now();
        contain(|| answer::get(owed, action));
        self.took(begun.elapsed());
    }

    fn took(&self, time: Duration) {
        if self.are_local {
            self.are_quick.store(time < QUICK, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_lookups_are_quick_until_one_is_slow_and_from_the_next_quick_one_on() {
        let lookups = Lookups::new(true);
        assert!(lookups.are_quick());
        for (time, then) in
            [(QUICK / 10, true), (QUICK, false), (QUICK * 9, false), (QUICK / 2, true)]
        {
            lookups.took(time);
            assert_eq!(lookups.are_quick(), then, "{time:?}");
        }
    }

    #[test]
    fn lookups_that_may_wait_for_another_machine_are_never_taken_for_quick() {
        let lookups = Lookups::new(false);
        assert!(!lookups.are_quick());
        lookups.took(Duration::ZERO);
        assert!(!lookups.are_quick());
    }
}
