//! The tests of Go's `cmd/go/internal/cache`, under names that say what they claim. (Its two tests
//! of hashing are in `cache-hash`.)

mod common;

use std::fs;

use cache_core::{Cache, CacheExt, Error};
use cache_disk::{DiskCache, Outcome, TrimOptions};
use common::{Clock, DAY, action, bytes_of, entry_path, mtime, output_path};

#[test]
fn two_handles_on_one_directory_see_each_others_entries() {
    let folder = tempfile::tempdir().unwrap();
    assert!(DiskCache::open(folder.path().join("notexist")).is_err());

    let first = DiskCache::open(folder.path()).unwrap();
    first.put_bytes(&action(1), b"twelve").unwrap();
    first.put_bytes(&action(1), b"two").unwrap();
    assert_eq!(bytes_of(&first, &action(1)).unwrap(), b"two");

    let second = DiskCache::open(folder.path()).unwrap();
    assert_eq!(bytes_of(&second, &action(1)).unwrap(), b"two");
    second.put_bytes(&action(2), b"four").unwrap();
    assert_eq!(bytes_of(&first, &action(2)).unwrap(), b"four");
}

#[test]
fn ten_thousand_entries_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let body = |n: u64| format!("{}", n * 99).into_bytes();
    for n in 0..10_000 {
        cache.put_bytes(&action(n), &body(n)).unwrap();
        assert_eq!(bytes_of(&cache, &action(n)).unwrap(), body(n), "right after put {n}");
    }
    for n in 0..10_000 {
        assert_eq!(bytes_of(&cache, &action(n)).unwrap(), body(n), "entry {n} after all puts");
    }
}

#[test]
fn verify_mode_refuses_an_output_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::builder(folder.path()).verify(|_| None).open().unwrap();
    cache.put_bytes(&action(1), b"abc").unwrap();
    let refused = cache.put_bytes(&action(1), b"def");
    assert!(matches!(refused, Err(Error::VerifyMismatch(_))), "{refused:?}");
}

#[test]
fn trim_removes_what_was_not_used_for_five_days_and_an_hour_and_runs_daily() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let clock = Clock::new();
    let cache = clock.open(dir);
    let used = action(1);
    let unused = action(2);
    let start = clock.seconds();
    let use_it = || {
        let entry = cache.get(&used).unwrap().hit().expect("the used entry is there");
        cache.output_file(&entry.output).unwrap().expect("and so is its output");
    };
    let assert_used_at = |seconds: u64| {
        assert_eq!(mtime(&entry_path(dir, &used)), seconds);
        assert_eq!(mtime(&output_path(dir, b"abc")), seconds);
    };
    let trim = || cache.trim(&TrimOptions::default()).unwrap();

    cache.put_bytes(&used, b"abc").unwrap();
    cache.put_bytes(&unused, b"def").unwrap();
    assert_used_at(start);

    clock.set(10);
    use_it();
    assert_used_at(start);

    clock.set(5000);
    use_it();
    assert_used_at(start + 5000);

    // Everything is too new.
    assert_eq!(trim().by_age, Outcome::Done);
    use_it();
    let stamp = fs::read(dir.join("trim.txt")).unwrap();
    assert_eq!(stamp, (start + 5000).to_string().as_bytes());
    assert_eq!(mtime(&entry_path(dir, &unused)), start);

    // Less than a day later there is nothing to do.
    clock.set(80_000);
    assert!(matches!(trim().by_age, Outcome::NotDue { .. }));
    use_it();
    assert_eq!(fs::read(dir.join("trim.txt")).unwrap(), stamp);

    // Five days after the used one's last use, and nearly six after the other's.
    clock.pass(5 * DAY);
    assert_eq!(mtime(&entry_path(dir, &unused)), start);
    assert_eq!(trim().by_age, Outcome::Done);
    use_it();
    assert!(!cache.get(&unused).unwrap().is_hit());
    let last_use = clock.seconds();

    // Another five days later it is still there: the cutoff lies an hour further back.
    clock.pass(5 * DAY);
    assert_eq!(trim().by_age, Outcome::Done);
    assert_used_at(last_use);

    // Half a day later it is old enough, but no trim is due.
    clock.pass(DAY / 2);
    assert!(matches!(trim().by_age, Outcome::NotDue { .. }));
    assert_used_at(last_use);

    clock.pass(DAY / 2 + 1);
    let report = trim();
    assert_eq!((report.removed.entries, report.removed.outputs), (1, 1));
    assert!(!cache.get(&used).unwrap().is_hit());
}
