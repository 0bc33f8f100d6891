//! What this store promises beyond the contract.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_core::{
    ActionId, Cache, CacheExt, Error, Lookup, MissReason, OutputId, PutOptions, Source,
};
use own_store::SqliteCache;
use rusqlite::Connection;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn action(name: &str) -> ActionId {
    ActionId::from_bytes(*OutputId::of(name.as_bytes()).as_bytes())
}

fn sql(dir: &Path, statement: &str) {
    Connection::open(dir.join("entries.sqlite")).unwrap().execute_batch(statement).unwrap();
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()).collect()
}

fn miss(cache: &SqliteCache, name: &str) -> MissReason {
    cache.get_bytes(&action(name), 1 << 20).unwrap().miss().expect("a miss")
}

#[test]
fn equal_outputs_are_one_file_and_nothing_is_left_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    for name in ["one", "other"] {
        cache.put_bytes(&action(name), b"the same").unwrap();
    }
    let expected = dir.path().join("outputs").join(OutputId::of(b"the same").to_string());
    assert_eq!(files(dir.path().join("outputs")), [expected]);
    assert!(files(dir.path().join("temporary")).is_empty());
}

#[test]
fn another_handle_finds_what_was_put_and_outlives_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) =
        (SqliteCache::open(dir.path()).unwrap(), SqliteCache::open(dir.path()).unwrap());
    first.put_bytes(&action("a"), b"result").unwrap();
    first.close().unwrap();
    assert!(matches!(first.get(&action("a")), Err(Error::Closed)));
    assert!(matches!(first.put_bytes(&action("a"), b"result"), Err(Error::Closed)));
    assert!(matches!(first.output_file(&OutputId::of(b"result")), Err(Error::Closed)));
    let (_, bytes) = second.get_bytes(&action("a"), 100).unwrap().hit().unwrap();
    assert_eq!(bytes, b"result");
}

#[test]
fn a_row_that_is_no_entry_is_a_miss_that_says_so_until_the_next_put() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    for damage in ["output = x'0123'", "size = -1"] {
        cache.put_bytes(&action("a"), b"result").unwrap();
        sql(dir.path(), &format!("UPDATE entries SET {damage}"));
        assert!(matches!(miss(&cache, "a"), MissReason::Malformed(_)), "{damage}");
    }
    cache.put_bytes(&action("a"), b"result").unwrap();
    assert!(cache.get(&action("a")).unwrap().is_hit());
}

#[test]
fn a_time_that_does_not_fit_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    let time = Some(SystemTime::UNIX_EPOCH + 24 * 365 * 300 * HOUR);
    let options = PutOptions { time, ..PutOptions::default() };
    let mut body: &[u8] = b"result";
    let put = cache.put(&action("a"), Source::Reader(&mut body), &options);
    assert!(matches!(put, Err(Error::Unsupported(_))));
    assert_eq!(body, b"result");
}

#[test]
fn a_time_before_1970_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    let time = SystemTime::UNIX_EPOCH - Duration::from_nanos(1_500_000_001);
    let options = PutOptions { time: Some(time), ..PutOptions::default() };
    cache.put(&action("a"), Source::Bytes(b"result"), &options).unwrap();
    let Lookup::Hit(entry) = cache.get(&action("a")).unwrap() else { panic!("a miss") };
    assert_eq!(entry.time, time);
}

#[test]
fn a_trim_takes_what_was_not_used_and_leaves_what_was() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    for name in ["unused", "looked up", "put again"] {
        cache.put_bytes(&action(name), name.as_bytes()).unwrap();
    }
    sql(dir.path(), "UPDATE outputs SET used = 0");
    cache.get_bytes(&action("looked up"), 100).unwrap().hit().unwrap();
    cache.put_bytes(&action("put again"), b"put again").unwrap();

    let trimmed = cache.trim(SystemTime::now() - HOUR).unwrap();
    assert_eq!((trimmed.outputs, trimmed.bytes), (1, 6));
    assert!(matches!(miss(&cache, "unused"), MissReason::NotFound));
    for name in ["looked up", "put again"] {
        let (_, bytes) = cache.get_bytes(&action(name), 100).unwrap().hit().unwrap();
        assert_eq!(bytes, name.as_bytes());
    }
}

#[test]
fn closing_trims_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let put_and_close = |name: &str| {
        let cache = SqliteCache::open(dir.path()).unwrap();
        cache.put_bytes(&action(name), name.as_bytes()).unwrap();
        sql(dir.path(), "UPDATE outputs SET used = 0");
        cache.close().unwrap();
        files(dir.path().join("outputs")).len()
    };
    assert_eq!(put_and_close("first"), 0);
    assert_eq!(put_and_close("second"), 1);
    sql(dir.path(), &format!("UPDATE trims SET done = done - {}", (25 * HOUR).as_nanos()));
    assert_eq!(put_and_close("third"), 0);
}

#[test]
fn an_output_without_a_row_is_not_given_out_and_goes_with_the_next_trim() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    // As a process leaves it that is killed between renaming and committing.
    let output = OutputId::of(b"orphan");
    fs::write(dir.path().join("outputs").join(output.to_string()), "orphan").unwrap();
    assert_eq!(cache.output_file(&output).unwrap(), None);
    assert_eq!(cache.trim(SystemTime::now() - HOUR).unwrap().outputs, 1);
    assert!(files(dir.path().join("outputs")).is_empty());
}

#[test]
fn a_trim_leaves_files_that_are_not_outputs_alone() {
    let dir = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(dir.path()).unwrap();
    let note = dir.path().join("outputs/README");
    File::create(&note).unwrap();
    cache.trim(SystemTime::now()).unwrap();
    assert!(note.exists());
}
