//! What takes more files than a test can make, or bytes that no file system gives.

use std::fs;
use std::ops::Range;

use super::bucket::{self, BYTES, CAPACITY};
use super::*;
use crate::stamp::KeptStamp;

/// Of the file with this inode.
fn record(inode: u64) -> Record {
    let stamp = KeptStamp { size: 1, mtime: 2, ctime: 3, device: 4, inode };
    let inode = inode.to_le_bytes();
    Record { name: XxHash3_64::oneshot(&inode), stamp, hash: OutputId::of(&inode) }
}

fn records(inodes: Range<u64>) -> Vec<Record> {
    inodes.map(record).collect()
}

fn found(path: &Path, inodes: Range<u64>) -> usize {
    let mut buckets = open_for_reading(path).unwrap();
    let mut known = |record: Record| {
        let hash = buckets.get(record.name, &record.stamp);
        hash.inspect(|hash| assert_eq!(*hash, record.hash)).is_some()
    };
    inodes.filter(|inode| known(record(*inode))).count()
}

#[test]
fn a_bucket_gives_back_what_was_put_into_it() {
    for count in [0, 1, CAPACITY] {
        let records = records(0..count as u64);
        assert_eq!(bucket::decode(&bucket::encode(&records)), Some(records));
    }
}

#[test]
fn a_bucket_is_as_the_format_says() {
    let stamp = KeptStamp::from_bytes(&[7; 40]);
    let record = Record { name: 0x0102, stamp, hash: [9; 32].into() };
    let bytes = bucket::encode(&[record]);
    assert_eq!(&bytes[..8], b"larderF1");
    assert_eq!(bytes[8..16], 1_u64.to_le_bytes());
    assert_eq!(bytes[16..80], [0; 64]);
    assert_eq!(bytes[80..88], 0x0102_u64.to_le_bytes());
    assert_eq!(bytes[88..128], [7; 40]);
    assert_eq!(bytes[128..160], [9; 32]);
    assert_eq!(bytes[160..4080], [0; 3920]);
    let checksum = twox_hash::XxHash3_128::oneshot(&bytes[..4080]);
    assert_eq!(bytes[4080..], checksum.to_le_bytes());
}

#[test]
fn a_bucket_of_another_version_is_none() {
    let mut bytes = bucket::encode(&[record(1)]);
    bytes[7] = b'2';
    let checksum = twox_hash::XxHash3_128::oneshot(&bytes[..4080]);
    bytes[4080..].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(bucket::decode(&bytes), None);
}

#[test]
fn a_bucket_that_counts_more_records_than_it_has_is_none() {
    for count in [51, u64::MAX] {
        let mut bytes = bucket::encode(&[record(1)]);
        bytes[8..16].copy_from_slice(&count.to_le_bytes());
        let checksum = twox_hash::XxHash3_128::oneshot(&bytes[..4080]);
        bytes[4080..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(bucket::decode(&bytes), None, "{count}");
    }
}

fn places(record: &Record, count: usize) -> Vec<usize> {
    buckets::places(record.name, &record.stamp, count).collect()
}

#[test]
fn a_record_has_its_places_in_a_file_of_any_length() {
    for count in 1..300 {
        for record in records(0..100) {
            let places = places(&record, count);
            assert!(places.iter().all(|at| *at < count));
            assert_eq!(places.len(), 12);
        }
    }
}

#[test]
fn neighbouring_inodes_are_looked_for_in_the_same_buckets_first() {
    let first = |inode| places(&record(inode), 1000)[..4].to_vec();
    assert!((32..48).all(|inode| first(inode) == first(32)));
    assert_ne!(first(48), first(32));
}

#[test]
fn an_inode_with_ten_thousand_names_has_room_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo");
    let one = record(1);
    let names = || (0..10_000_u64).map(|name| XxHash3_64::oneshot(&name.to_le_bytes()));
    let learnt = names().map(|name| (name, Record { name, ..one })).collect();
    save::save(&path, &learnt, buckets::MOST).unwrap();
    let mut buckets = open_for_reading(&path).unwrap();
    assert!(names().all(|name| buckets.get(name, &one.stamp) == Some(one.hash)));
    assert!(fs::metadata(&path).unwrap().len() < 10_000 * 200);
}

#[test]
fn a_file_has_room_for_a_million_files_in_less_than_a_hundred_megabytes() {
    const { assert!(buckets::MOST * CAPACITY >= 1_000_000) };
    const { assert!(buckets::MOST * BYTES <= 100_000_000) };
}

#[test]
fn a_file_grows_and_forgets_nothing_until_it_is_as_large_as_it_may_be() {
    const MOST: usize = 160;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo");
    let save = |inodes: Range<u64>| {
        let learnt = records(inodes).into_iter().map(|record| (record.name, record)).collect();
        save::save(&path, &learnt, MOST).unwrap();
        fs::metadata(&path).unwrap().len()
    };
    let mut before = 0;
    for (count, buckets) in [(1, 5), (150, 5), (1_000, 40), (5_000, 160)] {
        assert_eq!(save(before..count), buckets * BYTES as u64, "{count}");
        assert_eq!(found(&path, 0..count), count as usize);
        before = count;
    }

    // After that it forgets old ones, and as few as half of what it has room for.
    while before < 20_000 {
        assert_eq!(save(before..before + 1_000), (MOST * BYTES) as u64);
        before += 1_000;
        assert_eq!(found(&path, before - 1_000..before), 1_000);
        assert!(found(&path, 0..before) > MOST * CAPACITY / 3, "of {before}");
    }
}

#[test]
fn records_that_all_want_one_place_do_not_blow_the_file_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo");
    // Their hashes are nearly the same, as only ill will could make them.
    let (one, names) = (record(1), || (0..5_000).map(|n| 0x5555_5555_5555_0000 | n));
    let learnt = names().map(|name| (name, Record { name, ..one })).collect();
    save::save(&path, &learnt, buckets::MOST).unwrap();
    let mut buckets = open_for_reading(&path).unwrap();
    let known = names().filter(|name| buckets.get(*name, &one.stamp) == Some(one.hash)).count();
    assert!((5 * CAPACITY..5_000).contains(&known), "{known}");
    assert!(fs::metadata(&path).unwrap().len() < 5_000 * 700);
}

#[test]
fn a_file_that_is_replaced_again_and_again_does_not_make_the_memo_grow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo");
    // A hundred names, each time for other inodes and at a later time.
    let replaced = |turn: u64| {
        let record = move |n: u64| {
            let stamp = KeptStamp { ctime: turn, ..record(turn * 100 + n).stamp };
            Record { name: record(n).name, stamp, hash: OutputId::of(&turn.to_le_bytes()) }
        };
        (0..100).map(record)
    };
    for turn in 0..100 {
        let learnt = replaced(turn).map(|record| (record.name, record)).collect();
        save::save(&path, &learnt, buckets::MOST).unwrap();
        let mut buckets = open_for_reading(&path).unwrap();
        for record in replaced(turn) {
            assert_eq!(buckets.get(record.name, &record.stamp), Some(record.hash));
        }
    }
    assert!(fs::metadata(&path).unwrap().len() <= 10 * BYTES as u64);
}

#[test]
fn of_more_than_there_can_be_room_for_there_is_as_much_as_possible() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memo");
    let learnt = records(0..10_000).into_iter().map(|record| (record.name, record)).collect();
    save::save(&path, &learnt, 20).unwrap();
    assert!(found(&path, 0..10_000) > 20 * CAPACITY / 3);
}

#[test]
fn what_is_to_be_saved_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "content").unwrap();
    let stamp = Stamp::of(&fs::metadata(&path).unwrap()).unwrap();
    let memo = MemoFile::open(folder.path().join("memo"));
    let any = record(1);
    *lock(&memo.learnt) = (0..LEARNT_LIMIT as u64).map(|name| (name, any)).collect();
    memo.learn(&path, stamp, OutputId::of(b"content"));
    assert_eq!(lock(&memo.learnt).len(), LEARNT_LIMIT);
}
