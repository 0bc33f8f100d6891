//! What files hash to is remembered across processes, and never wrongly.

// Outside Unix a memo keeps nothing.
#![cfg(unix)]

mod crowd;
mod damage;
mod recall;
mod save;

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::OutputId;
use cache_hash::{FileHashMemo, Trace};

const HOUR: Duration = Duration::from_secs(3600);

/// A folder for files, and the file of a memo beside it.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Where the memo's file is.
    fn at(&self) -> PathBuf {
        self.folder.path().join("memo")
    }

    /// As another process would open it, an hour after the files were written.
    fn memo(&self) -> FileHashMemo {
        open(&self.at())
    }

    /// Remembers these files in the memo's file.
    fn learn<'a>(&self, paths: impl IntoIterator<Item = &'a PathBuf>) {
        let memo = self.memo();
        for path in paths {
            memo.hash(path).unwrap();
        }
        memo.save().unwrap();
    }
}

fn open(at: &Path) -> FileHashMemo {
    FileHashMemo::open(at).with_clock(|| SystemTime::now() + HOUR)
}

/// Counts how often the memo reads a file.
fn counting(memo: FileHashMemo) -> (FileHashMemo, impl Fn() -> usize) {
    let readings = Arc::new(AtomicUsize::new(0));
    let counter = readings.clone();
    let trace = Trace::new(move |_| _ = counter.fetch_add(1, Ordering::Relaxed));
    (memo.with_trace(trace), move || readings.load(Ordering::Relaxed))
}

fn recall(memo: &FileHashMemo, path: &Path) -> Option<OutputId> {
    memo.recall(path, &metadata(path))
}

fn metadata(path: &Path) -> Metadata {
    fs::metadata(path).unwrap()
}

fn of(content: &str) -> OutputId {
    OutputId::of(content.as_bytes())
}

/// Longer than a tick of any file system's clock that tests run on.
fn let_the_clock_tick() {
    thread::sleep(Duration::from_millis(50));
}
