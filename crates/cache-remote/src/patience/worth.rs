//! What a hit is worth.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cache_core::ActionId;

/// What a hit is worth at least. A store that is nearer than this is always asked.
pub(super) const LEAST: Duration = Duration::from_millis(30);

/// More than this is worth any wait, and one of them is not to outweigh a hundred others.
const MOST: Duration = Duration::from_secs(2);

/// How many results may be being computed. A build has some for each processor; the rest are
/// lookups whose result nobody puts.
const BEING_COMPUTED: usize = 4096;

/// What each time counts after the next one: builds have parts, and what held in one is soon to be
/// forgotten in the next.
const FADING: f64 = 31.0 / 32.0;

/// After so many hits, what was learned counts half: while all lookups hit, nothing new is learned.
const HALF_LIFE: f64 = 64.0;

/// What [`LEAST`] counts beside what was learned, in times. One long computation is not to be taken
/// for the rule.
const DOUBT: f64 = 0.5;

/// What a hit is worth: half the time that it takes to compute what was not found, of late. Half,
/// because a result is often found by two lookups, as Go's are that look for what the compiler said
/// once they have its output, and computed once.
#[derive(Default)]
pub(super) struct Worth {
    missed: HashMap<ActionId, Instant>,
    /// The times that were learned, in seconds, and how many that is, both faded.
    sum: f64,
    count: f64,
    hits_since: u32,
}

impl Worth {
    /// A lookup ended without a result.
    pub(super) fn missed(&mut self, action: &ActionId, now: Instant) {
        if self.missed.len() >= BEING_COMPUTED {
            self.missed.clear();
        }
        self.missed.insert(*action, now);
    }

    pub(super) fn hit(&mut self) {
        self.hits_since = self.hits_since.saturating_add(1);
    }

    /// The result was computed.
    pub(super) fn computed(&mut self, action: &ActionId, now: Instant) {
        let Some(since) = self.missed.remove(action) else { return };
        let took = (now.saturating_duration_since(since) / 2).min(MOST).as_secs_f64();
        let faded = FADING * self.faded();
        self.sum = self.sum * faded + took;
        self.count = self.count * faded + 1.0;
        self.hits_since = 0;
    }

    pub(super) fn value(&self) -> Duration {
        let faded = self.faded();
        let sum = self.sum * faded + LEAST.as_secs_f64() * DOUBT;
        Duration::from_secs_f64(sum / (self.count * faded + DOUBT)).max(LEAST)
    }

    fn faded(&self) -> f64 {
        0.5_f64.powf(f64::from(self.hits_since) / HALF_LIFE)
    }

    #[cfg(test)]
    pub(super) fn missed_len(&self) -> usize {
        self.missed.len()
    }
}
