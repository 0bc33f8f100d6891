//! Work that several threads share.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::layout;

/// Going through folders is mostly the kernel's work, on a few locks of its own; more threads do not
/// help.
const MOST_WALKERS: usize = 4;

/// How many threads go through the folders.
pub(crate) fn walkers() -> usize {
    cores().min(MOST_WALKERS)
}

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Does `work` on so many threads, this one among them, until all of them are done. Where no thread
/// is to be had, the others do its work.
pub(crate) fn on_threads(threads: usize, work: &(dyn Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 1..threads {
            thread::Builder::new().spawn_scoped(scope, work).ok();
        }
        work();
    });
}

/// Does `work` for each of the 256 folders, on a few threads, and returns what came of each, in the
/// folders' order.
pub(crate) fn each_folder<T: Send>(work: impl Fn(u8) -> T + Sync) -> Vec<T> {
    let next = AtomicU16::new(0);
    let done = Mutex::new(Vec::with_capacity(layout::FOLDERS.into()));
    on_threads(walkers(), &|| {
        while let Ok(folder) = u8::try_from(next.fetch_add(1, Ordering::Relaxed)) {
            let came = work(folder);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((folder, came));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(folder, _)| *folder);
    done.into_iter().map(|(_, came)| came).collect()
}
