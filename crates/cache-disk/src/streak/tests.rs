//! Streaks, and puts whose guess was wrong.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, FileName, OutputId, PutOptions, Source};

use super::*;
use crate::{DiskCache, layout};

fn action(n: u8) -> ActionId {
    ActionId::from_bytes([n; 32])
}

/// A cache that has seen nothing but new outputs.
fn after_new_outputs(dir: &Path) -> DiskCache {
    let cache = DiskCache::open(dir).unwrap();
    for n in 0..20 {
        assert_eq!(cache.new_outputs.is_long(), n >= 16, "{n}");
        cache.put_bytes(&action(n), &[n]).unwrap();
    }
    cache
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir).unwrap().map(|item| item.unwrap().path());
    folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()))
        .collect()
}

#[test]
fn a_streak_is_long_after_sixteen_and_ends_with_one() {
    let streak = Streak::default();
    for _ in 0..2 {
        assert!(!streak.is_begun());
        for n in 1..100 {
            streak.count(true);
            assert!(streak.is_begun());
            assert_eq!(streak.is_long(), n >= 16, "{n}");
        }
        streak.count(false);
        assert!(!streak.is_long());
    }
}

#[test]
fn an_output_that_is_there_after_many_new_ones_is_seen_all_the_same() {
    type Prepare = fn(&DiskCache, &Path);
    const BODY: &[u8] = b"an output";
    let day = |n: u64| SystemTime::now() - Duration::from_secs(n * 24 * 60 * 60);
    // Whether it is left as it is.
    let ways: [(&str, Prepare, bool); 6] = [
        ("right", |_, path| fs::write(path, BODY).unwrap(), true),
        ("wrong", |_, path| fs::write(path, "an 0utput").unwrap(), false),
        ("cut", |_, path| fs::write(path, "an").unwrap(), false),
        ("a folder", |_, path| fs::create_dir(path).unwrap(), false),
        (
            "an executable",
            |cache, _| {
                let executable = Some(FileName::new("program").unwrap());
                let options = PutOptions { executable, ..PutOptions::default() };
                cache.put(&action(99), Source::Bytes(BODY), &options).unwrap();
            },
            true,
        ),
        #[cfg(unix)]
        (
            "a link",
            |cache, path| {
                let outside = cache.dir().join("outside");
                fs::write(&outside, BODY).unwrap();
                std::os::unix::fs::symlink(outside, path).unwrap();
            },
            false,
        ),
        #[cfg(not(unix))]
        ("nothing", |_, _| {}, false),
    ];
    for (what, prepare, is_left) in ways {
        let dir = tempfile::tempdir().unwrap();
        let cache = after_new_outputs(dir.path());
        let path = dir.path().join(layout::output(&OutputId::of(BODY)));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        prepare(&cache, &path);
        let is_executable = path.is_dir() && is_left;
        if is_left && !is_executable {
            File::options().write(true).open(&path).unwrap().set_modified(day(9)).unwrap();
        }
        let before = files(dir.path()).len();
        assert!(cache.new_outputs.is_long(), "{what}");

        let stored = cache.put_bytes(&action(50), BODY).unwrap();
        assert_eq!(cache.new_outputs.is_long(), !is_left, "{what}");
        assert_eq!(cache.get_bytes(&action(50), 100).unwrap().hit().unwrap().1, BODY, "{what}");
        let file = stored.file.unwrap().path;
        assert_eq!(file.parent() == Some(&path), is_executable, "{what}");
        let metadata = fs::symlink_metadata(&file).unwrap();
        assert!(metadata.is_file(), "{what}");
        assert!(metadata.modified().unwrap() > day(1), "{what} was not marked as used");
        // The entry, and the output if nothing was in its place.
        let new = if what == "nothing" { 2 } else { 1 };
        assert_eq!(files(dir.path()).len(), before + new, "{what}: {:?}", files(dir.path()));
    }
}

#[test]
fn an_entry_is_published_whatever_the_last_one_met() {
    let dir = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    let put = |n, body: &[u8], durable| {
        let options = PutOptions { durable, ..PutOptions::default() };
        cache.put(&action(n), Source::Bytes(body), &options).unwrap();
        let (_, found) = cache.get_bytes(&action(n), 100).unwrap().hit().unwrap();
        assert_eq!(found, body);
        cache.replaced_entries.is_begun()
    };
    for durable in [false, true] {
        let body = |text: &str| format!("{text} {durable}").into_bytes();
        let first = if durable { 10 } else { 0 };
        assert!(!put(first, &body("new"), durable));
        assert!(put(first, &body("replaces, unforeseen"), durable));
        assert!(put(first, &body("replaces, foreseen"), durable));
        assert!(!put(first + 1, &body("new, unforeseen"), durable));
        assert!(put(first + 1, &body("replaces again"), durable));
        // What is in its place may be no entry at all.
        let path = dir.path().join(layout::entry(&action(first + 2)));
        fs::create_dir_all(path.join("sub")).unwrap();
        assert!(put(first + 2, &body("instead of a folder"), durable));
        assert!(!put(first + 3, &body("new again"), durable));
    }
    let temporaries = files(dir.path()).into_iter().filter(|path| path.extension().is_some());
    assert_eq!(temporaries.count(), 0);
}
