//! Trim by size.

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use cache_core::CacheExt;
use cache_disk::{DiskCache, Outcome, TrimOptions, TrimReport};
use common::{Clock, HOUR, action, entry_path, names, output_path};

/// Large enough that the blocks of the entries hardly count.
const SIZE: usize = 256 << 10;

fn body(n: u64) -> Vec<u8> {
    n.to_le_bytes().repeat(SIZE / 8)
}

fn limit(bytes: u64) -> TrimOptions<'static> {
    TrimOptions { max_size: Some(bytes), force: true, ..TrimOptions::default() }
}

/// Puts ten entries of 256 KiB, an hour apart, and lets five more hours pass.
fn put_ten(cache: &DiskCache, clock: &Clock) {
    for n in 0..10 {
        cache.put_bytes(&action(n), &body(n)).unwrap();
        clock.pass(HOUR);
    }
    clock.pass(5 * HOUR);
}

/// Which of the ten are left.
fn left(dir: &Path) -> Vec<u64> {
    let is_there = |n: &u64| {
        let entry = entry_path(dir, &action(*n)).exists();
        let output = output_path(dir, &body(*n)).exists();
        assert_eq!(entry, output, "the entry and the output of {n} are equally old");
        output
    };
    (0..10).filter(is_there).collect()
}

fn by_size(cache: &DiskCache, options: &TrimOptions<'_>) -> (Outcome, TrimReport) {
    let report = cache.trim(options).unwrap();
    (report.by_size.unwrap(), report)
}

#[test]
fn the_least_recently_used_go_first_until_the_rest_fits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    cache.get_bytes(&action(0), u64::MAX).unwrap().hit().unwrap();
    let all = cache.totals().unwrap().disk_bytes;

    let (outcome, report) = by_size(&cache, &limit(all));
    assert_eq!((outcome, report.removed.bytes, report.over_limit), (Outcome::Done, 0, 0));
    assert_eq!(left(folder.path()).len(), 10);

    let (_, report) = by_size(&cache, &limit(all - 3 * SIZE as u64));
    assert_eq!(left(folder.path()), [0, 4, 5, 6, 7, 8, 9], "0 was used last");
    let now = cache.totals().unwrap().disk_bytes;
    assert_eq!(report.removed.bytes, all - now);
    assert!(now <= all - 3 * SIZE as u64);
}

#[test]
fn what_was_used_within_two_hours_stays_however_small_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    cache.get_bytes(&action(3), u64::MAX).unwrap().hit().unwrap();
    clock.pass(HOUR - 1);
    // Within the hour, so that this use leaves no mark.
    cache.get_bytes(&action(3), u64::MAX).unwrap().hit().unwrap();
    clock.pass(2 * HOUR);
    let (_, report) = by_size(&cache, &limit(0));
    assert_eq!(left(folder.path()), [3], "two hours after its last use");
    assert!(report.over_limit >= SIZE as u64, "{report:?}");
    clock.pass(2);
    by_size(&cache, &limit(0));
    assert_eq!(left(folder.path()), [0; 0]);
}

#[test]
fn a_trim_by_size_runs_hourly_and_leaves_gos_stamp_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let options = TrimOptions { max_size: Some(1 << 30), ..TrimOptions::default() };
    assert_eq!(by_size(&cache, &options).0, Outcome::Done);
    let stamp = fs::read(folder.path().join("trim.txt")).unwrap();
    clock.pass(HOUR - 1);
    assert!(matches!(by_size(&cache, &options).0, Outcome::NotDue { .. }));
    clock.pass(1);
    let (outcome, report) = by_size(&cache, &options);
    assert_eq!(outcome, Outcome::Done);
    assert!(matches!(report.by_age, Outcome::NotDue { .. }));
    assert_eq!(fs::read(folder.path().join("trim.txt")).unwrap(), stamp);
}

#[test]
fn a_trim_by_size_that_is_cut_goes_on_there_and_ends_with_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    cache.trim(&TrimOptions::default()).unwrap();
    let max_size = cache.totals().unwrap().disk_bytes - 5 * SIZE as u64;
    let options = TrimOptions {
        max_size: Some(max_size),
        budget: Some(Duration::ZERO),
        ..TrimOptions::default()
    };
    let mut calls = 0;
    while let (Outcome::Cut { .. }, report) = by_size(&cache, &options) {
        calls += 1;
        assert!(calls < 1000, "{report:?}");
    }
    // A folder a call; the removal ends when enough is gone.
    assert!((256..=512).contains(&calls), "{calls}");
    assert!(cache.totals().unwrap().disk_bytes <= max_size);
    assert_eq!(left(folder.path()), [5, 6, 7, 8, 9]);
}

#[test]
fn a_damaged_state_is_dropped_and_the_trim_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    cache.trim(&limit(u64::MAX)).unwrap();
    let now = clock.seconds();
    for damage in [
        String::new(),
        "noise".to_owned(),
        format!("v2 {now} done 0 9\n"),
        format!("v1 {now} sleep 0 9\n"),
        format!("v1 {now} count 257 9\n"),
        format!("v1 {now} count 256\n"),
        format!("v1 {now} count 256 9\n1 -5\n"),
        format!("v1 {now} count 256 9\nx\n"),
        format!("v1 {now} remove 0 9\n1 18446744073709551615\n2 5\n"),
    ] {
        fs::write(folder.path().join("larder/size-limit"), &damage).unwrap();
        let options = TrimOptions { max_size: Some(1 << 30), ..TrimOptions::default() };
        assert_eq!(by_size(&cache, &options).0, Outcome::Done, "{damage:?}");
    }
    assert_eq!(names(folder.path()).len(), 20);
}

#[test]
fn what_lies_ahead_has_one_line_in_the_state_however_far() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let options = TrimOptions { max_size: Some(0), ..TrimOptions::default() };
    // By age it is done for today, and so takes nobody's mtime out of the future.
    cache.trim(&options).unwrap();
    clock.pass(2 * HOUR);
    let first = folder.path().join("00");
    fs::create_dir_all(&first).unwrap();
    for n in 0..500 {
        let path = first.join(format!("{n:064x}-d"));
        fs::write(&path, "bytes").unwrap();
        common::set_mtime(&path, clock.seconds() + n * HOUR);
    }
    // Cut after that folder.
    let cut = TrimOptions { budget: Some(Duration::ZERO), ..options };
    assert_eq!(by_size(&cache, &cut).0, Outcome::Cut { folders_left: 255 });
    let state = fs::read_to_string(folder.path().join("larder/size-limit")).unwrap();
    assert_eq!(state.lines().count(), 2, "{state}");
}

#[test]
fn a_dry_run_by_age_and_size_counts_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    let options =
        TrimOptions { max_age: Duration::from_secs(10 * HOUR), dry_run: true, ..limit(0) };
    let dry = cache.trim(&options).unwrap();
    assert_eq!(names(folder.path()).len(), 20);
    let real = cache.trim(&TrimOptions { dry_run: false, ..options }).unwrap();
    assert_eq!(dry.removed, real.removed);
    assert_eq!(names(folder.path()), [""; 0]);
}

const CUT: TrimOptions<'static> = TrimOptions {
    max_age: Duration::from_secs(1000 * 24 * HOUR),
    max_size: Some(0),
    force: false,
    dry_run: false,
    budget: Some(Duration::ZERO),
    progress: None,
};

#[test]
fn a_trim_by_size_ends_however_rarely_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    let mut calls = 0;
    while by_size(&cache, &CUT).0 != Outcome::Done {
        clock.pass(HOUR + 1);
        calls += 1;
        assert!(calls <= 600, "it begins anew again and again");
    }
    assert_eq!(left(folder.path()), [0; 0]);
}

#[test]
fn a_smaller_limit_takes_from_the_folders_that_a_cut_trim_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    let mild = cache.totals().unwrap().disk_bytes - 5 * SIZE as u64;
    for _ in 0..256 + 200 {
        by_size(&cache, &TrimOptions { max_size: Some(mild), ..CUT });
    }
    assert!(!names(folder.path()).is_empty());
    let (outcome, report) = by_size(&cache, &TrimOptions { budget: None, ..CUT });
    assert_eq!((outcome, report.over_limit), (Outcome::Done, 0));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_trim_by_size_counts_what_a_trim_by_age_that_was_cut_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_ten(&cache, &clock);
    clock.pass(5 * 24 * HOUR - 14 * HOUR);
    let cut = TrimOptions { budget: Some(Duration::ZERO), ..TrimOptions::default() };
    for _ in 0..128 {
        cache.trim(&cut).unwrap();
    }
    clock.pass(12 * HOUR);
    // By now all of it is over five days old, in the folders that were passed too.
    let options = TrimOptions { max_size: Some(0), ..TrimOptions::default() };
    let report = cache.trim(&options).unwrap();
    assert_eq!((report.by_age, report.by_size), (Outcome::Done, Some(Outcome::Done)));
    assert_eq!(left(folder.path()), [0; 0]);
}
