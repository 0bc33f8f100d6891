//! Trim by age: when it is due, what it touches, where it goes on.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, CacheExt};
use cache_disk::{DiskCache, Outcome, Progress, TrimOptions, TrimReport};
use common::{Clock, DAY, HOUR, START, action, bytes_of, entry_path, mtime, names, set_mtime};
use fs4::FileExt;

fn trim(cache: &DiskCache) -> TrimReport {
    cache.trim(&TrimOptions::default()).unwrap()
}

fn forced() -> TrimOptions<'static> {
    TrimOptions { force: true, ..TrimOptions::default() }
}

fn stamp(dir: &Path) -> String {
    fs::read_to_string(dir.join("trim.txt")).unwrap()
}

/// Puts `n` entries with an output each, last used six days ago by the clock.
fn put_old(cache: &DiskCache, clock: &Clock, n: u64) {
    for n in 0..n {
        cache.put_bytes(&action(n), &n.to_le_bytes()).unwrap();
    }
    clock.pass(6 * DAY);
}

#[test]
fn a_stamp_that_is_corrupt_missing_old_or_far_in_the_future_trims() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let at = |seconds: i64| (START as i64 + seconds).to_string();
    let day = DAY as i64;
    let hour = HOUR as i64;
    let cases = [
        (None, true),
        (Some(String::new()), true),
        (Some("yesterday".to_owned()), true),
        (Some("1.5".to_owned()), true),
        (Some("99999999999999999999".to_owned()), true),
        (Some("-5".to_owned()), true),
        (Some(at(-day)), true),
        (Some(at(hour)), true),
        (Some(at(-day + 1)), false),
        (Some(at(hour - 1)), false),
        (Some(format!(" {}\n", at(-5))), false),
    ];
    for (content, due) in cases {
        fs::remove_file(folder.path().join("trim.txt")).ok();
        if let Some(content) = &content {
            fs::write(folder.path().join("trim.txt"), content).unwrap();
        }
        let outcome = trim(&cache).by_age;
        assert_eq!(outcome == Outcome::Done, due, "{content:?}: {outcome:?}");
        if due {
            assert_eq!(stamp(folder.path()), START.to_string(), "{content:?}");
        }
    }
}

#[test]
fn the_stamp_is_written_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let seen = Mutex::new(Vec::new());
    let progress = |progress: Progress| {
        seen.lock().unwrap().push((progress, stamp(folder.path())));
    };
    cache.trim(&TrimOptions { progress: Some(&progress), ..TrimOptions::default() }).unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 256);
    assert_eq!(seen[0], (Progress { done: 1, total: 256 }, START.to_string()));
    assert_eq!(seen[255].0, Progress { done: 256, total: 256 });
}

#[test]
fn a_trim_touches_nothing_but_entries_outputs_and_its_own_leftovers() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 3);
    let ab = folder.path().join("ab");
    fs::create_dir_all(ab.join("subfolder")).unwrap();
    fs::create_dir_all(folder.path().join("fuzz")).unwrap();
    let old = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() - 3600;
    let kept = ["README", "ab/notes.txt", "ab/0123-b", "ab/larder-1.tmp", "fuzz/corpus-d"];
    let leftover = "ab/larder-0123456789abcdef.tmp";
    let young = "ab/larder-fedcba9876543210.tmp";
    let held = "ab/larder-1111111111111111.tmp";
    let gone = ["ab/noise-a", "ab/noise-d", leftover];
    for name in kept.iter().chain(&gone).chain([&young, &held]) {
        File::create(folder.path().join(name)).unwrap();
        set_mtime(&folder.path().join(name), if name == &young { old + 3600 } else { 1000 });
    }
    set_mtime(&folder.path().join(leftover), old);
    let writer = File::open(folder.path().join(held)).unwrap();
    FileExt::lock(&writer).unwrap();

    let report = trim(&cache);
    assert_eq!(report.by_age, Outcome::Done);
    let removed = report.removed;
    assert_eq!((removed.entries, removed.outputs, removed.leftovers), (4, 4, 1));
    assert_eq!(report.in_use, 1, "the leftover that its writer holds");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    for name in kept.iter().chain([&young, &held]) {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    for name in gone {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    assert!(ab.join("subfolder").exists());
}

#[test]
fn what_a_user_holds_is_left_and_what_was_used_since_it_was_judged_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 1);
    let path = entry_path(folder.path(), &action(0));
    let user = File::open(&path).unwrap();
    FileExt::lock_shared(&user).unwrap();
    let report = trim(&cache);
    assert_eq!((report.in_use, report.removed.outputs), (1, 1));
    assert!(path.exists());
}

#[test]
fn a_file_with_an_mtime_in_the_future_does_not_live_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    cache.put_bytes(&action(1), b"content").unwrap();
    let path = entry_path(folder.path(), &action(1));
    set_mtime(&path, START + 400 * DAY);
    trim(&cache);
    assert_eq!(mtime(&path), START);
    clock.pass(6 * DAY);
    assert_eq!(trim(&cache).removed.entries, 1);
}

#[test]
fn a_trim_that_is_cut_goes_on_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 500);
    let cut = TrimOptions { budget: Some(Duration::ZERO), ..TrimOptions::default() };
    let mut left = names(folder.path()).len();
    for done in 1..256u16 {
        let report = cache.trim(&cut).unwrap();
        assert_eq!(report.by_age, Outcome::Cut { folders_left: 256 - done });
        assert_eq!(left as u64, names(folder.path()).len() as u64 + removed(&report));
        left = names(folder.path()).len();
    }
    assert_eq!(cache.trim(&cut).unwrap().by_age, Outcome::Done);
    assert_eq!(names(folder.path()), [""; 0]);
    assert!(matches!(trim(&cache).by_age, Outcome::NotDue { .. }));

    // A damaged position is dropped, not trusted.
    for damage in ["", "5", "300 5", "5 300", "5 0", "x y", "5 5 5"] {
        fs::write(folder.path().join("larder/trim-position"), damage).unwrap();
        assert!(matches!(trim(&cache).by_age, Outcome::NotDue { .. }), "{damage:?}");
    }
}

fn removed(report: &TrimReport) -> u64 {
    report.removed.entries + report.removed.outputs
}

#[test]
fn a_dry_run_says_what_would_go_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 10);
    let before = names(folder.path());
    let dry = TrimOptions { dry_run: true, ..TrimOptions::default() };
    let report = cache.trim(&dry).unwrap();
    assert_eq!(names(folder.path()), before);
    assert!(!folder.path().join("trim.txt").exists() && !folder.path().join("larder").exists());
    let real = trim(&cache);
    assert_eq!(report.removed, real.removed);
    assert_eq!(removed(&real), 20);
}

#[test]
fn force_trims_before_it_is_due_and_max_age_says_how_long() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    cache.put_bytes(&action(1), b"content").unwrap();
    trim(&cache);
    clock.pass(4 * HOUR);
    let age = |seconds| TrimOptions { max_age: Duration::from_secs(seconds), ..forced() };
    assert_eq!(removed(&cache.trim(&age(3 * HOUR)).unwrap()), 0, "an hour is added");
    assert_eq!(removed(&cache.trim(&age(3 * HOUR - 1)).unwrap()), 2);
}

#[test]
fn an_age_under_two_hours_counts_as_two_hours() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    cache.put_bytes(&action(1), b"content").unwrap();
    let all = TrimOptions { max_age: Duration::ZERO, ..forced() };
    clock.pass(3 * HOUR);
    assert_eq!(removed(&cache.trim(&all).unwrap()), 0, "the mark may lag by an hour");
    clock.pass(1);
    assert_eq!(removed(&cache.trim(&all).unwrap()), 2);
}

#[test]
fn only_one_of_two_trims_at_once_does_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let other = clock.open(folder.path());
    let outcome = Mutex::new(None);
    let progress = |_| {
        outcome.lock().unwrap().get_or_insert_with(|| other.trim(&forced()).unwrap().by_age);
    };
    cache.trim(&TrimOptions { progress: Some(&progress), ..forced() }).unwrap();
    assert_eq!(outcome.into_inner().unwrap(), Some(Outcome::Busy));
}

#[test]
fn closing_trims_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 1);
    cache.close().unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
    cache.put_bytes(&action(1), b"content").unwrap();
    clock.pass(6 * DAY);
    cache.close().unwrap();
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"content");
}

#[test]
fn a_stamp_that_cannot_be_written_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 1);
    // What a full disk does to new files, a folder in their place does too.
    fs::write(folder.path().join("larder"), "").unwrap();
    assert_eq!(removed(&trim(&cache)), 2);
}

#[test]
fn a_stamp_that_cannot_be_read_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 1);
    fs::create_dir(folder.path().join("trim.txt")).unwrap();
    fs::create_dir_all(folder.path().join("larder/size-limit")).unwrap();
    let options = TrimOptions { max_size: Some(0), ..TrimOptions::default() };
    assert_eq!(removed(&cache.trim(&options).unwrap()), 2);
}

#[test]
fn a_budget_of_any_length_is_a_budget() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Clock::new().open(folder.path());
    let options = TrimOptions { budget: Some(Duration::MAX), ..TrimOptions::default() };
    assert_eq!(cache.trim(&options).unwrap().by_age, Outcome::Done);
}

#[test]
fn a_dry_run_after_a_cut_trim_goes_through_everything() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    put_old(&cache, &clock, 300);
    let cut = TrimOptions { budget: Some(Duration::ZERO), ..TrimOptions::default() };
    let gone = removed(&cache.trim(&cut).unwrap());
    let dry = TrimOptions { dry_run: true, ..forced() };
    assert_eq!(removed(&cache.trim(&dry).unwrap()), 600 - gone);
}
