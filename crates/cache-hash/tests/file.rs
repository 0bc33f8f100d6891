//! A file's hash is remembered for as long as the file is the same.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::OutputId;
use cache_hash::{FileHashError, FileHashMemo, Trace};
#[cfg(unix)]
use filetime::FileTime;

/// A folder for files, and a memo that counts how often it reads one.
struct Fixture {
    folder: tempfile::TempDir,
    memo: FileHashMemo,
    readings: Arc<AtomicUsize>,
}

impl Fixture {
    /// With the memo's clock this far ahead of the system's.
    fn ahead(by: Duration) -> Self {
        let readings = Arc::new(AtomicUsize::new(0));
        let counter = readings.clone();
        let trace = Trace::new(move |_| _ = counter.fetch_add(1, Ordering::Relaxed));
        let memo = FileHashMemo::new().with_trace(trace).with_clock(move || SystemTime::now() + by);
        Self { folder: tempfile::tempdir().unwrap(), memo, readings }
    }

    /// An hour after the files were written.
    fn later() -> Self {
        Self::ahead(Duration::from_secs(3600))
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn hash(&self, path: &Path) -> OutputId {
        self.memo.hash(path).unwrap()
    }

    fn readings(&self) -> usize {
        self.readings.load(Ordering::Relaxed)
    }
}

fn of(content: &str) -> OutputId {
    OutputId::of(content.as_bytes())
}

/// Longer than a tick of any file system's clock that tests run on.
fn let_the_clock_tick() {
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_file_hash_is_the_plain_sha256_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello");
    fs::write(&path, "hello world").unwrap();
    assert_eq!(
        FileHashMemo::new().hash(&path).unwrap().to_string(),
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
    );
}

#[test]
fn a_file_that_is_as_it_was_is_not_read_again() {
    let f = Fixture::later();
    let path = f.file("a", "content");
    for _ in 0..3 {
        assert_eq!(f.hash(&path), of("content"));
    }
    assert_eq!(f.readings(), 1);
}

#[test]
fn a_file_that_changed_is_hashed_again() {
    let f = Fixture::later();
    let path = f.file("a", "old");
    f.hash(&path);
    let_the_clock_tick();
    f.file("a", "new content");
    assert_eq!(f.hash(&path), of("new content"));
}

#[cfg(unix)]
#[test]
fn a_change_that_keeps_the_size_and_restores_the_mtime_is_noticed() {
    let f = Fixture::later();
    let path = f.file("a", "old");
    let mtime = FileTime::from_unix_time(1_000_000_000, 0);
    filetime::set_file_mtime(&path, mtime).unwrap();
    f.hash(&path);
    f.hash(&path);
    assert_eq!(f.readings(), 1);
    let_the_clock_tick();
    f.file("a", "new");
    filetime::set_file_mtime(&path, mtime).unwrap();
    assert_eq!(f.hash(&path), of("new"));
}

#[cfg(unix)]
#[test]
fn a_file_that_was_replaced_by_renaming_is_hashed_again() {
    let f = Fixture::later();
    let path = f.file("a", "old");
    let other = f.file("b", "new");
    let mtime = FileTime::from_unix_time(1_000_000_000, 0);
    filetime::set_file_mtime(&path, mtime).unwrap();
    filetime::set_file_mtime(&other, mtime).unwrap();
    f.hash(&path);
    fs::rename(&other, &path).unwrap();
    assert_eq!(f.hash(&path), of("new"));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_elsewhere_is_hashed_again() {
    let f = Fixture::later();
    let (old, new) = (f.file("old", "old"), f.file("new", "new"));
    let link = f.folder.path().join("link");
    std::os::unix::fs::symlink(&old, &link).unwrap();
    assert_eq!(f.hash(&link), of("old"));
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&new, &link).unwrap();
    assert_eq!(f.hash(&link), of("new"));
}

#[test]
fn a_file_that_was_just_written_is_read_again() {
    let f = Fixture::ahead(Duration::ZERO);
    let path = f.file("a", "content");
    f.hash(&path);
    f.hash(&path);
    assert_eq!(f.readings(), 2);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_just_written_and_dated_back_is_read_again() {
    let f = Fixture::ahead(Duration::ZERO);
    let path = f.file("a", "content");
    filetime::set_file_mtime(&path, FileTime::from_unix_time(1_000_000_000, 0)).unwrap();
    f.hash(&path);
    f.hash(&path);
    assert_eq!(f.readings(), 2);
}

#[test]
fn a_file_from_the_future_is_read_again() {
    let f = Fixture::later();
    let path = f.file("a", "content");
    let in_two_hours = SystemTime::now() + Duration::from_secs(7200);
    filetime::set_file_mtime(&path, in_two_hours.into()).unwrap();
    f.hash(&path);
    f.hash(&path);
    assert_eq!(f.readings(), 2);
}

#[test]
fn a_file_is_relied_on_two_seconds_after_its_last_change() {
    let f = Fixture::ahead(Duration::ZERO);
    let path = f.file("a", "content");
    thread::sleep(Duration::from_millis(2100));
    f.hash(&path);
    f.hash(&path);
    assert_eq!(f.readings(), 1);
}

#[test]
fn what_the_caller_knows_is_believed_until_the_file_changes() {
    let f = Fixture::ahead(Duration::ZERO);
    let path = f.file("a", "content");
    f.memo.set(&path, of("what the caller says")).unwrap();
    assert_eq!(f.hash(&path), of("what the caller says"));
    assert_eq!(f.readings(), 0);
    let_the_clock_tick();
    f.file("a", "new content");
    assert_eq!(f.hash(&path), of("new content"));
}

#[test]
fn the_oldest_file_is_forgotten_above_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let memo = FileHashMemo::with_limit(2);
    let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
    for path in &paths {
        fs::write(path, "content").unwrap();
        memo.set(path, of("remembered")).unwrap();
    }
    let hashes = paths.map(|path| memo.hash(path).unwrap());
    assert_eq!(hashes, [of("content"), of("remembered"), of("remembered")]);
}

#[test]
fn threads_agree() {
    let f = Fixture::later();
    let files: Vec<_> =
        (0..20).map(|n| (f.file(&n.to_string(), &n.to_string()), of(&n.to_string()))).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    for (path, hash) in &files {
                        assert_eq!(f.hash(path), *hash);
                    }
                }
            });
        }
    });
    assert!(f.readings() <= 8 * files.len(), "each thread reads a file at most once");
}

#[test]
fn a_file_that_is_gone_is_an_error_even_when_its_hash_is_known() {
    let f = Fixture::later();
    let path = f.file("a", "content");
    f.hash(&path);
    fs::remove_file(&path).unwrap();
    let error = f.memo.hash(&path).unwrap_err();
    assert!(matches!(error, FileHashError::Io { operation: "open", .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(f.memo.set(&path, of("content")).is_err());
}

#[test]
fn a_file_that_never_rests_is_an_error() {
    let f = Fixture::later();
    let path = f.file("a", "");
    let mut file = File::options().append(true).open(&path).unwrap();
    // So large that a reading takes many times as long as the writer's pauses.
    file.set_len(16 << 20).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                file.write_all(b"more").unwrap();
                thread::sleep(Duration::from_micros(200));
            }
        });
        let result = f.memo.hash(&path);
        done.store(true, Ordering::Relaxed);
        assert!(matches!(result, Err(FileHashError::Changing { .. })), "{result:?}");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_longer_than_the_system_says_is_never_remembered() {
    let f = Fixture::later();
    let path = Path::new("/proc/self/status");
    f.hash(path);
    f.hash(path);
    assert_eq!(f.readings(), 2);
}
