//! A look at a directory finds what is there, and leaves nothing behind.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{Cache, CacheExt, FileName, PutOptions, Source};
use cache_disk::{DiskCache, Examination, LastTrim, Locking, Nature, TrimOptions};
use common::{DAY, HOUR, START, action, entry_path, output_path, set_mtime};
use fs4::FileExt;
use tempfile::{TempDir, tempdir};

fn looked(dir: &TempDir) -> Examination {
    Examination::of(dir.path()).unwrap()
}

/// A temporary file as a writer leaves it that is killed.
fn leftover(dir: &Path, number: u64, age: Duration) -> PathBuf {
    let path = dir.join(format!("00/larder-{number:016x}.tmp"));
    fs::create_dir_all(dir.join("00")).unwrap();
    fs::write(&path, vec![1; 5000]).unwrap();
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    path
}

/// Every path in a directory.
fn everything(dir: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            paths.extend(everything(&path));
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

#[test]
fn a_directory_that_is_none_cannot_be_looked_at() {
    let dir = tempdir().unwrap();
    assert!(Examination::of(dir.path().join("gone")).is_err());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Examination::of(&file).is_err());
}

#[test]
fn an_empty_directory_can_be_tried_and_is_empty_after_that() {
    let dir = tempdir().unwrap();
    let trial = looked(&dir).try_writing().unwrap();
    assert!(matches!(trial.locking, Locking::Works), "{trial:?}");
    assert!(trial.time_step.is_some_and(|step| step <= Duration::from_secs(2)), "{trial:?}");
    assert!(trial.clock_off < Duration::from_secs(2), "{trial:?}");
    let contents = looked(&dir).contents();
    assert_eq!((contents.entries, contents.outputs, contents.newest_use), (0, 0, None));
    assert_eq!(looked(&dir).trims().unwrap().last, LastTrim::Never);
    assert_eq!(looked(&dir).rights().unwrap().folders, 0);
    assert!(everything(dir.path()).is_empty());
}

#[test]
fn nothing_of_a_look_stays_and_nothing_counts_as_used() {
    let dir = tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    cache.put_bytes(&action(1), b"bytes").unwrap();
    set_mtime(&entry_path(dir.path(), &action(1)), START);
    let before = everything(dir.path());
    let looked = looked(&dir);
    looked.try_writing().unwrap();
    looked.contents();
    looked.trims().unwrap();
    looked.rights().unwrap();
    looked.file_system().unwrap();
    assert_eq!(everything(dir.path()), before);
    assert_eq!(common::mtime(&entry_path(dir.path(), &action(1))), START);
}

#[test]
fn entries_outputs_and_the_newest_mark_are_counted() {
    let dir = tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    for n in 0..3 {
        cache.put_bytes(&action(n), b"the same output").unwrap();
        set_mtime(&entry_path(dir.path(), &action(n)), START + n);
    }
    set_mtime(&output_path(dir.path(), b"the same output"), START + DAY);
    let options =
        PutOptions { executable: Some(FileName::new("tool").unwrap()), ..PutOptions::default() };
    cache.put(&action(7), Source::Bytes(b"#!/bin/sh\n"), &options).unwrap();
    let contents = looked(&dir).contents();
    assert_eq!((contents.entries, contents.outputs), (4, 2));
    assert_eq!(contents.disk_bytes, cache.totals().unwrap().disk_bytes);
    assert_eq!(contents.newest_use, cache.totals().unwrap().newest_use);
    assert_eq!((contents.of_others, contents.unreadable, contents.foreign), (0, 0, 0));
}

#[test]
fn leftovers_are_told_apart_by_who_holds_them_and_by_their_age() {
    let dir = tempdir().unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    leftover(dir.path(), 1, minutes(1));
    leftover(dir.path(), 2, minutes(20));
    let oldest = leftover(dir.path(), 3, minutes(300));
    let held = File::open(leftover(dir.path(), 4, minutes(20))).unwrap();
    FileExt::lock(&held).unwrap();
    // As an executable's folder is called while it is made.
    fs::create_dir(dir.path().join("00/larder-00000000000000ff.tmp")).unwrap();

    let found = looked(&dir).contents().leftovers;
    assert_eq!((found.held, found.recent, found.abandoned), (1, 2, 2));
    assert!(found.abandoned_bytes >= 10_000, "{found:?}");
    assert_eq!(found.oldest, fs::metadata(&oldest).unwrap().modified().ok());

    // What is called abandoned is what a trim removes.
    let cache = DiskCache::open(dir.path()).unwrap();
    let trimmed = cache.trim(&TrimOptions { force: true, ..TrimOptions::default() }).unwrap();
    assert_eq!(trimmed.removed.leftovers, found.abandoned);
    let found = looked(&dir).contents().leftovers;
    assert_eq!((found.held, found.recent, found.abandoned), (1, 2, 0));
}

#[test]
fn what_is_not_the_caches_is_counted_and_one_is_named() {
    let dir = tempdir().unwrap();
    fs::create_dir_all(dir.path().join("5f")).unwrap();
    fs::write(dir.path().join("5f/notes.txt"), "").unwrap();
    // An entry's name in another folder than its own.
    fs::write(dir.path().join(format!("5f/{}-a", "0".repeat(64))), "").unwrap();
    let contents = looked(&dir).contents();
    assert_eq!(contents.foreign, 2);
    let named = contents.a_foreign.unwrap();
    assert!(named.starts_with(dir.path().join("5f")), "{named:?}");
}

#[test]
fn a_folder_in_whose_place_a_file_is_does_not_keep_the_others_from_being_counted() {
    let dir = tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    cache.put_bytes(&action(1), b"bytes").unwrap();
    let taken = (0..=255).map(|n| dir.path().join(format!("{n:02x}"))).find(|path| !path.exists());
    fs::write(taken.unwrap(), "a file").unwrap();
    let contents = looked(&dir).contents();
    assert_eq!((contents.entries, contents.outputs, contents.failures.len()), (1, 1, 1));
}

#[test]
fn the_stamp_of_the_last_trim_is_told_as_it_is() {
    let dir = tempdir().unwrap();
    let last = |text: &str| {
        fs::write(dir.path().join("trim.txt"), text).unwrap();
        looked(&dir).trims().unwrap().last
    };
    let at = |seconds| LastTrim::At(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(last("1000000000"), at(START));
    assert_eq!(last("1000003600\n"), at(START + HOUR));
    assert_eq!(last("99999999999"), at(99_999_999_999));
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
    assert_eq!(last("-5"), LastTrim::At(before));
    for damaged in ["", "soon", "12 13", "99999999999999999999"] {
        assert_eq!(last(damaged), LastTrim::Damaged, "{damaged:?}");
    }
}

#[test]
fn a_trim_that_runs_and_one_that_was_cut_are_seen() {
    let dir = tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    assert_eq!(looked(&dir).trims().unwrap().running, None);
    let budget = Some(Duration::ZERO);
    cache.trim(&TrimOptions { budget, ..TrimOptions::default() }).unwrap();
    let trims = looked(&dir).trims().unwrap();
    assert!(trims.is_cut && trims.running.is_none(), "{trims:?}");

    let lock = File::open(dir.path().join("larder/trim.lock")).unwrap();
    FileExt::lock(&lock).unwrap();
    let running = looked(&dir).trims().unwrap().running.unwrap();
    let known = [None, Some(std::process::id())];
    assert!(known.contains(&running.process), "{running:?}");
    // The look has not taken the lock away.
    assert!(looked(&dir).trims().unwrap().running.is_some());
    drop(lock);
    assert_eq!(looked(&dir).trims().unwrap().running, None);
}

#[test]
fn the_file_system_says_what_it_is_and_how_much_room_it_has() {
    let dir = tempdir().unwrap();
    let found = looked(&dir).file_system().unwrap();
    assert!(!found.is_read_only);
    assert!(0 < found.available && found.available <= found.total, "{found:?}");
    if let Some(inodes) = found.inodes {
        assert!(inodes.available <= inodes.total, "{found:?}");
    }
    assert_eq!(found.nature == Nature::Unknown, found.name.is_none(), "{found:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_told_from_a_disk() {
    let found = Examination::of("/dev/shm").unwrap().file_system().unwrap();
    assert_eq!((found.name.as_deref(), found.nature), (Some("tmpfs"), Nature::Memory));
}

#[cfg(unix)]
#[test]
fn what_anybody_may_write_to_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempdir().unwrap();
    let folder = dir.path().join("a7");
    fs::create_dir(&folder).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set(dir.path(), 0o755).unwrap();
    set(&folder, 0o755).unwrap();
    let rights = looked(&dir).rights().unwrap();
    assert_eq!((rights.mode, rights.folders), (Some(0o755), 1));
    assert_eq!(rights.owner, rights.user);
    assert_eq!((rights.open_to_all.len(), rights.closed.len()), (0, 0), "{rights:?}");

    set(&folder, 0o777).unwrap();
    assert_eq!(looked(&dir).rights().unwrap().open_to_all, [folder.as_path()]);
    set(dir.path(), 0o1777).unwrap();
    assert_eq!(looked(&dir).rights().unwrap().open_to_all, [dir.path(), &folder]);
}
