//! What a helper did, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a helper did, from its first message to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lookups that the cache answered: hits and misses.
    pub gets: u64,
    /// Lookups that found an output.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Outputs stored.
    pub puts: u64,
    /// Requests that could not be taken, puts that stored nothing, lookups and a close that the
    /// cache failed.
    pub errors: u64,
    /// The sizes of the outputs stored, in bytes.
    pub bytes_in: u64,
    /// The sizes of the outputs found, in bytes.
    pub bytes_out: u64,
    /// How long it took.
    pub time: Duration,
}

/// The tally while it is made, by any number of threads.
#[derive(Default)]
pub(crate) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    puts: AtomicU64,
    errors: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Counters {
    pub(crate) fn hit(&self, size: u64) {
        add(&self.hits, 1);
        add(&self.bytes_out, size);
    }

    pub(crate) fn miss(&self) {
        add(&self.misses, 1);
    }

    pub(crate) fn put(&self, size: u64) {
        add(&self.puts, 1);
        add(&self.bytes_in, size);
    }

    pub(crate) fn error(&self) {
        add(&self.errors, 1);
    }

    pub(crate) fn tally(&self, time: Duration) -> Tally {
        let [hits, misses, puts, errors, bytes_in, bytes_out] =
            [&self.hits, &self.misses, &self.puts, &self.errors, &self.bytes_in, &self.bytes_out]
                .map(|counter| counter.load(Ordering::Relaxed));
        Tally { gets: hits + misses, hits, misses, puts, errors, bytes_in, bytes_out, time }
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}
