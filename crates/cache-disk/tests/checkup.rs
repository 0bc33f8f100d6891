//! The check-up.

mod common;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use cache_core::{Cache, CacheExt, FileName, PutOptions, Source};
use cache_disk::{BadKind, CheckUpOptions, CheckUpReport, DiskCache, Progress};
use common::{action, bytes_of, entry_path, names, output_path};

fn check(cache: &DiskCache, repair: bool) -> CheckUpReport {
    cache.check_up(&CheckUpOptions { repair, ..CheckUpOptions::default() }).unwrap()
}

/// Puts twenty entries, the last an executable.
fn fill(dir: &Path) -> DiskCache {
    let cache = DiskCache::open(dir).unwrap();
    for n in 0..19u64 {
        cache.put_bytes(&action(n), &n.to_le_bytes().repeat(n as usize * 1000)).unwrap();
    }
    let executable = Some(FileName::new("tool").unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    cache.put(&action(19), Source::Bytes(b"#!/bin/sh\n"), &options).unwrap();
    cache
}

#[test]
fn a_sound_cache_has_nothing_bad() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    fs::write(folder.path().join("ab-a"), "not in a folder").unwrap();
    let progress = Mutex::new(Vec::new());
    let note = |at: Progress| progress.lock().unwrap().push(at);
    let options = CheckUpOptions { progress: Some(&note), ..CheckUpOptions::default() };
    let report = cache.check_up(&options).unwrap();
    assert_eq!((report.entries, report.outputs), (20, 20));
    assert_eq!(report.output_bytes, cache.totals().unwrap().output_bytes);
    assert_eq!(report.bad, []);
    assert_eq!((report.without_output, report.unsettled, report.foreign), (0, 0, 0));
    let last = progress.into_inner().unwrap().into_iter().max_by_key(|at| at.done).unwrap();
    assert_eq!((last.done, last.total), (report.output_bytes, report.output_bytes));
}

/// Takes ten seconds: everything was damaged just now, and has to settle before it counts.
#[test]
fn everything_bad_is_named_with_its_reason_and_repair_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let cache = fill(dir);
    let body = |n: u64| n.to_le_bytes().repeat(n as usize * 1000);
    let cut = output_path(dir, &body(1));
    fs::write(&cut, &body(1)[..500]).unwrap();
    let flipped = output_path(dir, &body(2));
    let mut bytes = body(2);
    bytes[77] ^= 1;
    fs::write(&flipped, bytes).unwrap();
    let noise = entry_path(dir, &action(3));
    fs::write(&noise, "noise").unwrap();
    let resized = entry_path(dir, &action(4));
    let text = fs::read_to_string(&resized).unwrap().replace("32000", "32001");
    fs::write(&resized, text).unwrap();
    let emptied = output_path(dir, b"#!/bin/sh\n");
    fs::remove_file(emptied.join("tool")).unwrap();
    fs::remove_file(output_path(dir, &body(5))).unwrap();
    fs::write(dir.join("00").join("notes.txt"), "").ok();

    let check = |repair| {
        let mut report = check(&cache, repair);
        report.bad.sort_by(|a, b| a.path.cmp(&b.path));
        report
    };
    let report = check(false);
    let mut expected = vec![
        (&cut, BadKind::Output, "SHA-256"),
        (&flipped, BadKind::Output, "SHA-256"),
        (&noise, BadKind::Entry, "too short"),
        (&resized, BadKind::Entry, "32001"),
        (&emptied, BadKind::Output, "folder"),
    ];
    expected.sort();
    assert_eq!(report.bad.len(), expected.len(), "{:?}", report.bad);
    for (bad, (path, kind, reason)) in report.bad.iter().zip(&expected) {
        assert_eq!((&&bad.path, bad.kind, bad.removed), (path, *kind, false));
        assert!(bad.reason.contains(reason), "{bad:?}");
    }
    // Those whose output is gone or bad.
    assert_eq!((report.entries, report.outputs, report.without_output), (20, 19, 4));
    assert_eq!(report.unsettled, 0);

    let report = check(true);
    assert!(report.bad.len() == expected.len() && report.bad.iter().all(|bad| bad.removed));
    for (path, ..) in expected {
        assert!(!path.exists(), "{}", path.display());
    }
    let report = check(false);
    assert_eq!(report.bad, []);
    assert_eq!((report.entries, report.outputs, report.without_output), (18, 16, 4));
    assert_eq!(bytes_of(&cache, &action(6)).unwrap(), body(6));
}

/// Go writes outputs in place. Takes a few seconds, and then less than ten.
#[test]
fn a_file_that_is_still_being_written_is_not_bad() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    let body = 7u64.to_le_bytes().repeat(7000);
    let path = output_path(folder.path(), &body);
    fs::write(&path, &body[..100]).unwrap();
    let before = names(folder.path());
    let report = thread::scope(|scope| {
        let report = scope.spawn(|| check(&cache, true));
        thread::sleep(Duration::from_secs(2));
        fs::write(&path, &body).unwrap();
        report.join().unwrap()
    });
    assert_eq!(report.bad, []);
    assert_eq!(names(folder.path()), before);
}

/// Go writes outputs in place, and the entry that leads to this one is old.
#[test]
fn an_entry_whose_output_is_still_being_written_is_not_bad() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    let body = 7u64.to_le_bytes().repeat(7000);
    let path = output_path(folder.path(), &body);
    fs::remove_file(&path).unwrap();
    thread::sleep(Duration::from_secs(10));
    // After the outputs were listed.
    let begin = |_| fs::write(&path, &body[..500]).unwrap();
    let options =
        CheckUpOptions { repair: true, progress: Some(&begin), ..CheckUpOptions::default() };
    let report = thread::scope(|scope| {
        let report = scope.spawn(|| cache.check_up(&options).unwrap());
        thread::sleep(Duration::from_secs(2));
        fs::write(&path, &body).unwrap();
        report.join().unwrap()
    });
    assert_eq!(report.bad, []);
    assert_eq!(bytes_of(&cache, &action(7)).unwrap(), body);
}

#[test]
fn a_folder_that_cannot_be_listed_is_reported_and_stops_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    let path = entry_path(folder.path(), &action(200));
    let path = path.parent().unwrap();
    fs::write(path, "a file in the place of a folder").unwrap();
    let report = check(&cache, false);
    assert_eq!((report.entries, report.failures.len()), (20, 1));
    assert!(report.failures[0].to_string().contains(path.to_str().unwrap()));
}
