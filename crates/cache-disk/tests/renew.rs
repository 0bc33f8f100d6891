//! The time of an entry that is put again.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, CacheExt, Lookup, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use common::{Clock, HOUR, action, entry_path, names, set_mtime};

/// What tells a file from one that took its place.
#[cfg(unix)]
fn identity(cache: &DiskCache) -> u64 {
    let entry = fs::metadata(entry_path(cache.dir(), &action(1))).unwrap();
    std::os::unix::fs::MetadataExt::ino(&entry)
}

/// By the kernel's clock, the time is written into the file that is there.
#[cfg(unix)]
#[test]
fn an_entry_that_says_the_same_is_given_its_time_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    let before = identity(&cache);
    let again = cache.put_bytes(&action(1), b"content").unwrap().entry;
    assert_eq!(identity(&cache), before);
    assert_eq!(cache.get(&action(1)).unwrap().hit(), Some(again));
}

/// One that was not used for two hours, one that has to be durable, and one of another output.
#[cfg(unix)]
#[test]
fn an_entry_that_cannot_be_given_its_time_in_place_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), b"content").unwrap();
    // Held open, so that no other file gets its number.
    let _held = fs::File::open(entry_path(folder.path(), &action(1))).unwrap();
    let first = identity(&cache);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    set_mtime(&entry_path(folder.path(), &action(1)), now - 2 * HOUR);
    cache.put_bytes(&action(1), b"content").unwrap();
    let second = identity(&cache);
    assert_ne!(second, first, "not used for two hours");

    let _held = fs::File::open(entry_path(folder.path(), &action(1))).unwrap();
    let durable = PutOptions { durable: true, ..PutOptions::default() };
    cache.put(&action(1), Source::Bytes(b"content"), &durable).unwrap();
    let third = identity(&cache);
    assert_ne!(third, second, "durable");

    let _held = fs::File::open(entry_path(folder.path(), &action(1))).unwrap();
    cache.put_bytes(&action(2), b"another").unwrap();
    cache.put_bytes(&action(1), b"another").unwrap();
    assert_ne!(identity(&cache), third, "another output");
}

#[test]
fn a_put_of_the_same_gives_the_entry_the_new_time_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let first = cache.put_bytes(&action(1), b"content").unwrap().entry;
    clock.pass(HOUR - 1);
    let second = cache.put_bytes(&action(1), b"content").unwrap().entry;
    assert_eq!(second.time, first.time + Duration::from_secs(HOUR - 1));
    assert_eq!(cache.get(&action(1)).unwrap().hit(), Some(second));
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn an_entry_says_when_it_was_put_however_long_it_was_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    for hours in [0, 1, 2, 24, 24 * 30] {
        clock.set(hours * HOUR);
        let stored = cache.put_bytes(&action(1), b"content").unwrap().entry;
        assert_eq!(cache.get(&action(1)).unwrap().hit(), Some(stored));
        assert_eq!(stored.time, SystemTime::UNIX_EPOCH + Duration::from_secs(clock.seconds()));
    }
}

/// A time from elsewhere is no mark of use: the mtime is that of the put.
#[test]
fn an_entry_with_a_time_from_elsewhere_was_used_now() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let options = PutOptions { time: Some(time), ..PutOptions::default() };
    let before = SystemTime::now() - Duration::from_secs(1);
    for _ in 0..2 {
        cache.put(&action(1), Source::Bytes(b"content"), &options).unwrap();
        assert_eq!(cache.get(&action(1)).unwrap().hit().unwrap().time, time);
        let mtime = fs::metadata(entry_path(folder.path(), &action(1))).unwrap().modified();
        assert!(mtime.unwrap() >= before);
    }
}

/// Whoever reads it meanwhile sees one of the times at which it was put, and never digits of two.
#[test]
fn a_reader_sees_a_time_at_which_it_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let begun = SystemTime::now() - Duration::from_secs(1);
    cache.put_bytes(&action(1), b"content").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = begun;
            while !done.load(Ordering::Relaxed) {
                match cache.get(&action(1)).unwrap() {
                    Lookup::Hit(entry) => {
                        assert_eq!(entry.output, OutputId::of(b"content"));
                        assert!(entry.time >= last, "{:?} after {last:?}", entry.time);
                        assert!(entry.time <= SystemTime::now());
                        last = entry.time;
                    }
                    Lookup::Miss(reason) => panic!("{reason}"),
                }
            }
        });
        for _ in 0..5_000 {
            cache.put_bytes(&action(1), b"content").unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}
