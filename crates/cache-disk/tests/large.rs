//! Large bytes, which are written or compared while they are being hashed.

mod common;

use std::fs;

use cache_core::{Cache, CacheExt, FileName, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use common::{action, bytes_of, names, output_path};

/// Large enough to be hashed on a thread of its own.
const LARGE: usize = 5 << 20;

fn body(first: u8) -> Vec<u8> {
    let mut body: Vec<u8> = (0..LARGE as u32).map(|i| (i ^ i >> 9) as u8).collect();
    body[0] = first;
    body
}

#[test]
fn they_are_stored_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let stored = cache.put_bytes(&action(1), &body(1)).unwrap();
    assert_eq!(stored.entry.output, OutputId::of(&body(1)));
    assert_eq!(bytes_of(&cache, &action(1)), Some(body(1)));
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn what_is_there_is_left_alone_whichever_action_puts_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), &body(1)).unwrap();
    let path = output_path(folder.path(), &body(1));
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    for n in [1, 2, 1] {
        cache.put_bytes(&action(n), &body(1)).unwrap();
        assert_eq!(bytes_of(&cache, &action(n)), Some(body(1)));
    }
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!(names(folder.path()).len(), 3, "two entries and one output");
}

#[test]
fn another_output_of_the_same_size_takes_the_entry_over() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    for first in [1, 2, 1] {
        cache.put_bytes(&action(1), &body(first)).unwrap();
        assert_eq!(bytes_of(&cache, &action(1)), Some(body(first)));
    }
    assert_eq!(names(folder.path()).len(), 3, "one entry and two outputs");
}

/// The comparison that is made while the bytes are hashed finds the damage, wherever it is.
#[test]
fn a_damaged_copy_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let path = output_path(folder.path(), &body(1));
    for at in [0, LARGE / 2, LARGE - 1] {
        cache.put_bytes(&action(1), &body(1)).unwrap();
        let mut damaged = body(1);
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(bytes_of(&cache, &action(1)), None);
        cache.put_bytes(&action(1), &body(1)).unwrap();
        assert_eq!(bytes_of(&cache, &action(1)), Some(body(1)));
    }
    assert_eq!(names(folder.path()).len(), 2);
}

/// The action leads to another output, whose file has by accident the bytes of this put.
#[test]
fn bytes_under_a_wrong_name_do_not_count_as_stored() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    cache.put_bytes(&action(1), &body(1)).unwrap();
    fs::write(output_path(folder.path(), &body(1)), body(2)).unwrap();
    cache.put_bytes(&action(1), &body(2)).unwrap();
    assert_eq!(bytes_of(&cache, &action(1)), Some(body(2)));
    assert_eq!(fs::read(output_path(folder.path(), &body(2))).unwrap(), body(2));
}

/// Put again, a large executable is compared where it lies, and damage to it is found.
#[test]
fn a_large_executable_is_left_alone_until_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let options =
        PutOptions { executable: Some(FileName::new("tool").unwrap()), ..PutOptions::default() };
    let put = || cache.put(&action(1), Source::Bytes(&body(1)), &options).unwrap().file.unwrap();
    let path = put().path;
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(put().path, path);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    fs::write(&path, body(2)).unwrap();
    assert_eq!(put().path, path);
    assert_eq!(fs::read(&path).unwrap(), body(1));
}
