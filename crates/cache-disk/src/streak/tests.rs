//! Streaks, and what puts do that go by them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, FileName, OutputId, PutOptions, Source};

use super::*;
use crate::put::Put;
use crate::root::look_at;
use crate::{DiskCache, layout, place};

fn action(n: u8) -> ActionId {
    ActionId::from_bytes([n; 32])
}

/// A cache that has seen twenty new outputs and nothing else.
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
        for n in 1..100 {
            streak.count(true);
            assert_eq!(streak.is_long(), n >= 16, "{n}");
        }
        streak.count(false);
        assert!(!streak.is_long());
    }
}

#[test]
fn outputs_that_are_likely_to_be_new_are_stored_as_all_others() {
    let dir = tempfile::tempdir().unwrap();
    let cache = after_new_outputs(dir.path());
    for n in 0..20 {
        assert_eq!(cache.get_bytes(&action(n), 100).unwrap().hit().unwrap().1, [n]);
    }
    assert_eq!(files(dir.path()).len(), 40);
}

const BODY: &[u8] = b"an output";

/// Puts something in the place of the output [`BODY`].
type Prepare = fn(&DiskCache, &Path);

/// What may be there, and whether it is left as it is.
const WAYS: &[(&str, Prepare, bool)] = &[
    ("right", |_, path| fs::write(path, BODY).unwrap(), true),
    ("wrong", |_, path| fs::write(path, "an 0utput").unwrap(), false),
    ("cut", |_, path| fs::write(path, "an").unwrap(), false),
    ("a folder", |_, path| fs::create_dir(path).unwrap(), false),
    ("an executable", |cache, _| put_executable(cache), true),
    #[cfg(unix)]
    ("a link", link, false),
];

fn put_executable(cache: &DiskCache) {
    let executable = Some(FileName::new("program").unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    cache.put(&action(99), Source::Bytes(BODY), &options).unwrap();
}

#[cfg(unix)]
fn link(cache: &DiskCache, path: &Path) {
    let outside = cache.dir().join("outside");
    fs::write(&outside, BODY).unwrap();
    std::os::unix::fs::symlink(outside, path).unwrap();
}

#[test]
fn an_output_that_is_there_after_many_new_ones_is_seen_all_the_same() {
    let day = |n: u64| SystemTime::now() - Duration::from_secs(n * 24 * 60 * 60);
    for &(what, prepare, is_left) in WAYS {
        let dir = tempfile::tempdir().unwrap();
        let cache = after_new_outputs(dir.path());
        let path = dir.path().join(layout::output(&OutputId::of(BODY)));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        prepare(&cache, &path);
        if is_left {
            filetime::set_file_mtime(&path, day(9).into()).unwrap();
        }
        let before = files(dir.path()).len();
        assert!(cache.new_outputs.is_long(), "{what}");

        let stored = cache.put_bytes(&action(50), BODY).unwrap();
        if is_left || cache.root.has_unnamed() {
            assert!(!cache.new_outputs.is_long(), "{what}");
        }
        assert_eq!(cache.get_bytes(&action(50), 100).unwrap().hit().unwrap().1, BODY, "{what}");
        let file = stored.file.unwrap().path;
        assert_eq!(file.parent() == Some(&path), what == "an executable", "{what}");
        assert!(fs::symlink_metadata(&file).unwrap().is_file(), "{what}");
        let mtime = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(mtime > day(1), "{what} was not marked as used");
        // With the entry.
        assert_eq!(files(dir.path()).len(), before + 1, "{what}: {:?}", files(dir.path()));
    }
}

/// Where one folder cannot be written to, files in the others have no name before they are published.
#[test]
#[cfg(all(target_os = "linux", not(feature = "portable")))]
fn a_folder_that_cannot_be_written_to_says_nothing_about_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let cache = after_new_outputs(dir.path());
    if !cache.root.has_unnamed() {
        println!("files without a name are not to be had in {}", dir.path().display());
        return;
    }
    let folder = dir.path().join(layout::folder(OutputId::of(BODY).as_bytes()[0]));
    fs::remove_dir_all(&folder).ok();
    fs::write(&folder, "no folder").unwrap();
    cache.put_bytes(&action(50), BODY).unwrap_err();
    assert!(cache.root.has_unnamed());
}

#[test]
fn an_output_that_another_put_published_in_the_meantime_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(dir.path()).unwrap();
    let (action, options) = (action(1), PutOptions::default());
    let put = Put { cache: &cache, action: &action, options: &options };
    let (output, size) = (OutputId::of(BODY), BODY.len() as u64);
    let path = dir.path().join(layout::output(&output));
    let mut other = None;
    let mut same = |file: &File| place::is_same(file, &mut { BODY }, size);
    let placed = put
        .place(output, size, &mut same, &mut || {
            let made = put.written(output.as_bytes()[0], BODY)?;
            fs::write(&path, BODY).unwrap();
            other = Some(File::open(&path).unwrap());
            Ok(made)
        })
        .unwrap();
    // Where files have names from the beginning, the second one may be renamed over the first.
    if cache.root.has_unnamed() {
        assert!(placed.was_there);
        let (there, other) = (File::open(&path).unwrap(), other.unwrap());
        assert_eq!(look_at(&there).unwrap().identity, look_at(&other).unwrap().identity);
    }
    assert_eq!(fs::read(&path).unwrap(), BODY);
    assert_eq!(files(dir.path()), [path]);
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
        cache.last_entry_replaced.load(Ordering::Relaxed)
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
