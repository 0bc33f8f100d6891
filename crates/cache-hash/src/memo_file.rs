//! The memo's form on disk: what was learnt by one process, for the next ones.
//!
//! The file is an array of buckets, and a file's inode says in which of them its record may be. So
//! a lookup is one positioned read, or a few, and saving rewrites only the buckets that change. Each
//! bucket has a checksum and each record its file's whole stamp: whatever became of the other
//! buckets, of the order of writes or of the machine, a record that can be read is true.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::mem;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache_core::{OutputId, refuse_what_is_no_file};
use twox_hash::XxHash3_64;

use self::bucket::Record;
use self::buckets::Buckets;
use crate::stamp::Stamp;

mod bucket;
mod buckets;
mod save;

/// The most records that are held to be saved: no more would find room in the file.
const LEARNT_LIMIT: usize = buckets::MOST * bucket::CAPACITY;

/// A file in which memos remember across processes. It counts as empty as far as it cannot be read.
pub(crate) struct MemoFile {
    path: PathBuf,
    buckets: Mutex<Buckets>,
    /// By name, what is not saved yet. Lookups do without it: the memo has it in memory too.
    learnt: Mutex<HashMap<u64, Record>>,
}

impl MemoFile {
    pub(crate) fn open(path: PathBuf) -> Self {
        let buckets = Mutex::new(read(&path));
        Self { path, buckets, learnt: Mutex::default() }
    }

    /// What the file at `path` hashes to in the state of `stamp`, when an earlier process knew.
    pub(crate) fn get(&self, path: &Path, stamp: Stamp) -> Option<OutputId> {
        let stamp = stamp.to_kept()?;
        let name = name_of(path)?;
        lock(&self.buckets).get(name, &stamp)
    }

    /// Notes for [`save`](Self::save) what a file was read to hash to, if that can be kept.
    pub(crate) fn learn(&self, path: &Path, stamp: Stamp, hash: OutputId) {
        let Some(stamp) = stamp.to_kept() else { return };
        let Some(name) = name_of(path) else { return };
        let mut learnt = lock(&self.learnt);
        if learnt.len() < LEARNT_LIMIT || learnt.contains_key(&name) {
            learnt.insert(name, Record { name, stamp, hash });
        }
    }

    pub(crate) fn save(&self) -> io::Result<()> {
        // No lock is held while the file is written: lookups go on.
        let learnt = mem::take(&mut *lock(&self.learnt));
        if learnt.is_empty() {
            return Ok(());
        }
        if let Err(e) = save::save(&self.path, &learnt, buckets::MOST) {
            let mut newer = lock(&self.learnt);
            for (name, record) in learnt {
                newer.entry(name).or_insert(record);
            }
            return Err(io::Error::new(
                e.kind(),
                format!("cannot save {}: {e}", self.path.display()),
            ));
        }
        *lock(&self.buckets) = read(&self.path);
        Ok(())
    }
}

/// The hash of the absolute path. The stamp alone should tell a file from all others; this is for
/// file systems that make up their inodes and times. So it needs no cryptographic strength.
fn name_of(path: &Path) -> Option<u64> {
    let of = |path: &Path| XxHash3_64::oneshot(path.as_os_str().as_encoded_bytes());
    if path.is_absolute() {
        Some(of(path))
    } else {
        path::absolute(path).ok().map(|path| of(&path))
    }
}

fn read(path: &Path) -> Buckets {
    match open_for_reading(path) {
        Ok(buckets) => buckets,
        Err(e) => {
            tracing::debug!("no file hashes from {}: {e}", path.display());
            Buckets::default()
        }
    }
}

fn open_for_reading(path: &Path) -> io::Result<Buckets> {
    refuse_what_is_no_file(path)?;
    Buckets::of(File::open(path)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked elsewhere has not left a map half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
