//! What a tier did.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a tier did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Results that came from the store into the directory.
    pub fetched: u64,
    /// The bytes of their outputs.
    pub fetched_bytes: u64,
    /// Lookups that the store answered with "not there".
    pub not_there: u64,
    /// Answers of the store that were not to be trusted: damaged, of another action, not signed as
    /// asked.
    pub refused: u64,
    /// Lookups that the store did not answer, or not in time.
    pub failed: u64,
    /// Lookups for which the store was not asked, since it had failed, cost too much time, or
    /// had nothing for a while.
    pub not_asked: u64,
    /// Results that went up.
    pub uploaded: u64,
    /// The bytes that went up, compressed.
    pub uploaded_bytes: u64,
    /// Uploads that failed. The journal keeps them.
    pub uploads_failed: u64,
}

/// Counts, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    fetched: AtomicU64,
    fetched_bytes: AtomicU64,
    not_there: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    not_asked: AtomicU64,
    uploaded: AtomicU64,
    uploaded_bytes: AtomicU64,
    uploads_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn fetched(&self, bytes: u64) {
        add(&self.fetched, 1);
        add(&self.fetched_bytes, bytes);
    }

    pub(crate) fn not_there(&self) {
        add(&self.not_there, 1);
    }

    pub(crate) fn refused(&self) {
        add(&self.refused, 1);
    }

    pub(crate) fn failed(&self) {
        add(&self.failed, 1);
    }

    pub(crate) fn not_asked(&self) {
        add(&self.not_asked, 1);
    }

    pub(crate) fn uploaded(&self, bytes: u64) {
        add(&self.uploaded, 1);
        add(&self.uploaded_bytes, bytes);
    }

    /// A pack went up, with results that count for themselves.
    pub(crate) fn packed(&self, bytes: u64) {
        add(&self.uploaded_bytes, bytes);
    }

    pub(crate) fn upload_failed(&self) {
        add(&self.uploads_failed, 1);
    }

    pub(crate) fn now(&self) -> Counts {
        Counts {
            fetched: of(&self.fetched),
            fetched_bytes: of(&self.fetched_bytes),
            not_there: of(&self.not_there),
            refused: of(&self.refused),
            failed: of(&self.failed),
            not_asked: of(&self.not_asked),
            uploaded: of(&self.uploaded),
            uploaded_bytes: of(&self.uploaded_bytes),
            uploads_failed: of(&self.uploads_failed),
        }
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn of(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
