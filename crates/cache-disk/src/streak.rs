//! How the last ones went, as a guess at the next one.

use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(test)]
mod tests;

/// After so many in a row, the next one is otherwise in one of eighteen cases, by the rule of
/// succession.
const LONG: u32 = 16;

/// How often something was so in a row, of late. Threads that count at once may count too little or
/// too much, so what follows from it must be right either way.
#[derive(Default)]
pub(crate) struct Streak(AtomicU32);

impl Streak {
    pub(crate) fn count(&self, is_so: bool) {
        let before = self.0.load(Ordering::Relaxed);
        let now = if is_so { (before + 1).min(LONG) } else { 0 };
        if now != before {
            self.0.store(now, Ordering::Relaxed);
        }
    }

    /// Whether it was so sixteen times in a row.
    pub(crate) fn is_long(&self) -> bool {
        self.0.load(Ordering::Relaxed) == LONG
    }
}
