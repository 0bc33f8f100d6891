//! What the tests of the directory share.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, CacheExt, OutputId};
use cache_disk::{Builder, DiskCache};
use filetime::FileTime;

/// The time at which moved clocks begin, in Unix seconds.
pub const START: u64 = 1_000_000_000;
pub const HOUR: u64 = 60 * 60;
pub const DAY: u64 = 24 * HOUR;

/// A clock that a test moves.
#[derive(Clone)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    /// Moves it to `seconds` after its beginning.
    pub fn set(&self, seconds: u64) {
        self.0.store(START + seconds, Ordering::Relaxed);
    }

    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn seconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn builder(&self, dir: &Path) -> Builder {
        let clock = self.clone();
        DiskCache::builder(dir)
            .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.seconds()))
    }

    pub fn open(&self, dir: &Path) -> DiskCache {
        self.builder(dir).open().unwrap()
    }
}

/// The action ID whose bytes begin with `n`, little-endian.
pub fn action(n: u64) -> ActionId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes.into()
}

pub fn entry_path(dir: &Path, action: &ActionId) -> PathBuf {
    in_folder(dir, &format!("{action}-a"))
}

pub fn output_path(dir: &Path, bytes: &[u8]) -> PathBuf {
    in_folder(dir, &format!("{}-d", OutputId::of(bytes)))
}

fn in_folder(dir: &Path, name: &str) -> PathBuf {
    dir.join(&name[..2]).join(name)
}

/// The bytes that the cache gives for an action, or `None` for a miss.
pub fn bytes_of(cache: &DiskCache, action: &ActionId) -> Option<Vec<u8>> {
    cache.get_bytes(action, u64::MAX).unwrap().hit().map(|(_, bytes)| bytes)
}

/// A file's mtime in Unix seconds.
pub fn mtime(path: &Path) -> u64 {
    let metadata = fs::symlink_metadata(path).unwrap();
    FileTime::from_last_modification_time(&metadata).unix_seconds().try_into().unwrap()
}

pub fn set_mtime(path: &Path, unix_seconds: u64) {
    let time = FileTime::from_unix_time(unix_seconds.try_into().unwrap(), 0);
    filetime::set_file_mtime(path, time).unwrap();
}

/// The names of all files in the 256 folders, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in 0..=255u8 {
        if let Ok(items) = fs::read_dir(dir.join(format!("{folder:02x}"))) {
            names.extend(items.map(|item| item.unwrap().file_name().into_string().unwrap()));
        }
    }
    names.sort();
    names
}
