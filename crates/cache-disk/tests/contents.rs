//! Listings: everything that is in a directory, in one walk that leaves no trace.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cache_core::{Cache, CacheExt, FileName, OutputId, PutOptions, Source};
use cache_disk::{CheckUpOptions, Content, DiskCache};
use common::{Clock, START, action, entry_path, mtime, output_path, set_mtime};

const SCRIPT: &[u8] = b"#!/bin/sh\n";

/// Two entries of one output, one of an executable, one malformed, one without its output, a
/// temporary file, and what is none of the cache's.
fn fill(dir: &Path) -> DiskCache {
    let clock = Clock::new();
    let cache = clock.open(dir);
    for n in [1, 2] {
        cache.put_bytes(&action(n), b"shared").unwrap();
    }
    let executable = Some(FileName::new("tool").unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    cache.put(&action(3), Source::Bytes(SCRIPT), &options).unwrap();
    cache.put_bytes(&action(4), b"malformed").unwrap();
    fs::write(entry_path(dir, &action(4)), "v1 and no more").unwrap();
    cache.put_bytes(&action(5), b"gone").unwrap();
    fs::remove_file(output_path(dir, b"gone")).unwrap();
    fs::write(dir.join("01/larder-0123456789abcdef.tmp"), "half").unwrap();
    fs::write(dir.join("01/README"), "foreign").unwrap();
    cache
}

#[test]
fn everything_is_listed_once_with_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    let (mut entries, mut outputs, mut leftovers) = (BTreeMap::new(), BTreeMap::new(), 0);
    let each = |content: &Content| match *content {
        Content::Entry { action, entry, on_disk, .. } => {
            assert!(on_disk > 0);
            let output = entry.map(|entry| entry.output);
            assert_eq!(entries.insert(action, output), None);
        }
        Content::Output { output, size, executable, on_disk, .. } => {
            assert!(on_disk >= size);
            assert_eq!(outputs.insert(output, (size, executable)), None);
        }
        Content::Leftover => leftovers += 1,
        other => panic!("{other:?}"),
    };
    cache.contents(each).unwrap();
    let shared = OutputId::of(b"shared");
    let expected = BTreeMap::from([
        (action(1), Some(shared)),
        (action(2), Some(shared)),
        (action(3), Some(OutputId::of(SCRIPT))),
        (action(4), None),
        (action(5), Some(OutputId::of(b"gone"))),
    ]);
    assert_eq!(entries, expected);
    let expected = BTreeMap::from([
        (shared, (6, false)),
        (OutputId::of(SCRIPT), (10, true)),
        (OutputId::of(b"malformed"), (9, false)),
    ]);
    assert_eq!(outputs, expected);
    assert_eq!(leftovers, 1);
    // The entry that cannot be read is there, but is not one of the well-formed ones.
    assert_eq!(cache.entries().count(), 4);
}

#[test]
fn totals_are_the_contents_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let cache = fill(folder.path());
    let totals = cache.totals().unwrap();
    let (mut bytes, mut on_disk_total) = (0, 0);
    let add = |content: &Content| match *content {
        Content::Entry { on_disk, .. } => on_disk_total += on_disk,
        Content::Output { size, on_disk, .. } => {
            bytes += size;
            on_disk_total += on_disk;
        }
        _ => {}
    };
    cache.contents(add).unwrap();
    assert_eq!((totals.entries, totals.outputs, totals.executables), (5, 3, 1));
    assert_eq!(
        (totals.output_bytes, totals.disk_bytes, totals.leftovers),
        (bytes, on_disk_total, 1)
    );
}

#[test]
fn a_name_that_is_not_quite_right_is_none_of_the_caches() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let cache = DiskCache::open(dir).unwrap();
    let right = format!("ab{}", "c".repeat(62));
    let capitals = right.to_uppercase();
    let (shorter, longer, odd) = (&right[..62], format!("{right}cc"), format!("{}g", &right[..63]));
    fs::create_dir(dir.join("ab")).unwrap();
    for digits in [&capitals, shorter, &longer, &odd, &format!("cd{}", &right[2..])] {
        for kind in ["a", "d"] {
            fs::write(dir.join("ab").join(format!("{digits}-{kind}")), "").unwrap();
        }
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let not_utf8 = [right.as_bytes(), b"\xff-a"].concat();
        fs::write(dir.join("ab").join(std::ffi::OsStr::from_bytes(&not_utf8)), "").unwrap();
    }
    cache.contents(|content| panic!("{content:?}")).unwrap();
    assert_eq!(cache.entries().count(), 0);
    let foreign = cache.check_up(&CheckUpOptions::default()).unwrap().foreign;
    assert_eq!(foreign, if cfg!(target_os = "linux") { 11 } else { 10 });
}

#[test]
fn a_path_is_told_without_a_use() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let cache = fill(dir);
    let shared = output_path(dir, b"shared");
    set_mtime(&shared, START - 10_000_000);
    assert_eq!(cache.peek_path(&OutputId::of(b"shared")), Some(shared.clone()));
    assert_eq!(mtime(&shared), START - 10_000_000);
    let tool = output_path(dir, SCRIPT).join("tool");
    assert_eq!(cache.peek_path(&OutputId::of(SCRIPT)), Some(tool));
    assert_eq!(cache.peek_path(&OutputId::of(b"gone")), None);
    cache.contents(|_| {}).unwrap();
    assert_eq!(mtime(&shared), START - 10_000_000);
    // What a path is asked for to be used is a use.
    cache.output_file(&OutputId::of(b"shared")).unwrap();
    assert_eq!(mtime(&shared), START);
}

#[test]
fn a_folder_that_cannot_be_listed_is_an_error_and_the_walk_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let cache = fill(dir);
    fs::write(dir.join("fe"), "a file in a folder's place").unwrap();
    fs::write(dir.join("ff"), "another").unwrap();
    let mut found = 0;
    let failed = cache.contents(|_| found += 1).unwrap_err();
    assert_eq!(found, 9);
    assert!(failed.to_string().contains("fe"), "the first one: {failed}");
    let (listed, failed): (Vec<_>, Vec<_>) = cache.entries().partition(Result::is_ok);
    assert_eq!((listed.len(), failed.len()), (4, 2));
}
