//! A trim on its way through the 256 folders.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cache_core::Error;

use crate::list::{Item, items};
use crate::look::Look;
use crate::remove::{self, Removal, Removed};
use crate::root::Root;
use crate::threads;
use crate::trim::{Progress, TrimOptions};

/// A report keeps this many failures. A disk that fails tends to fail everywhere.
const MOST_FAILURES: usize = 16;

/// One trim on its way through the folders.
pub(crate) struct Sweep<'a> {
    root: &'a Root,
    pub(crate) options: &'a TrimOptions<'a>,
    end: Option<Instant>,
    /// Folders gone through and to go through, those of every pass counted.
    done: Mutex<u64>,
    total: u64,
    tally: Mutex<Tally>,
}

/// What came of a trim so far.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) removed: Removed,
    pub(crate) in_use: u64,
    pub(crate) failures: Vec<Error>,
}

impl<'a> Sweep<'a> {
    /// A trim that will go through `total` folders if nothing stops it.
    pub(crate) fn new(root: &'a Root, options: &'a TrimOptions<'a>, total: u64) -> Self {
        let end = options.budget.and_then(|budget| Instant::now().checked_add(budget));
        Self { root, options, end, done: Mutex::default(), total, tally: Mutex::default() }
    }

    /// Does `work` for `left` folders from `next` on, around the end, on several threads. Returns
    /// for how many: fewer when the time is up, but one at least. Those are the first ones.
    pub(crate) fn through(&self, next: u8, left: u16, work: &(dyn Fn(u8) + Sync)) -> u16 {
        let taken = AtomicU16::new(0);
        let take = |n: u16| (n < left && (n == 0 || !self.is_out_of_time())).then_some(n + 1);
        let worker = || {
            while let Ok(n) = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
                // Wraps around the end on purpose.
                work(next.wrapping_add(n as u8));
                // Under the lock, so that progress is told in order.
                let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
                *done += 1;
                if let Some(progress) = self.options.progress {
                    progress(Progress { done: *done, total: self.total });
                }
            }
        };
        threads::on_threads(threads::walkers().min(left.into()), &worker);
        taken.into_inner()
    }

    fn is_out_of_time(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// What is in a folder; a failure counts, and then there is nothing in it.
    pub(crate) fn items(&self, folder: u8) -> Vec<Item> {
        items(self.root, folder).unwrap_or_else(|e| {
            self.failed(e);
            Vec::new()
        })
    }

    /// Removes a file that is due, when it still is. Returns what that freed on disk, in bytes.
    pub(crate) fn remove(&self, item: &Item, due: &dyn Fn(&Look) -> bool) -> u64 {
        let bytes = remove::on_disk(self.root, &item.name, &item.look);
        let removal = match self.options.dry_run {
            true => Ok(Removal::Done),
            false => remove::remove_if(self.root, &item.folder, &item.name, due),
        };
        match removal {
            Ok(Removal::Done) => {
                let verb = if self.options.dry_run { "would remove" } else { "removed" };
                tracing::debug!("{verb} {}, {bytes} bytes on disk", item.name);
                self.tally().removed.count(&item.name, bytes);
                return bytes;
            }
            Ok(Removal::InUse) => self.tally().in_use += 1,
            Ok(Removal::Gone) => {}
            Err(e) => self.failed(Error::io("remove", self.root.path_of(&item.name))(e)),
        }
        0
    }

    pub(crate) fn into_tally(self) -> Tally {
        self.tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, e: Error) {
        let failures = &mut self.tally().failures;
        if failures.len() < MOST_FAILURES {
            failures.push(e);
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
