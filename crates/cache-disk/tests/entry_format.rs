//! The 175 bytes of an entry.

mod common;

use std::fs;
use std::io::{Seek, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, Lookup, MissReason, OutputId, PutOptions, Source};
use cache_disk::DiskCache;
use common::{action, bytes_of, entry_path};

/// An entry's text, each field as it is given.
fn text(action: &str, output: &str, size: &str, time: &str) -> String {
    format!("v1 {action} {output} {size:>20} {time:>20}\n")
}

fn get_with_file(content: &[u8]) -> Lookup {
    let folder = tempfile::tempdir().unwrap();
    let path = entry_path(folder.path(), &action(1));
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    DiskCache::open(folder.path()).unwrap().get(&action(1)).unwrap()
}

#[test]
fn an_entry_is_one_line_of_175_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    let options = PutOptions { time: Some(time), ..PutOptions::default() };
    cache.put(&action(0x0102), Source::Bytes(b"hello world"), &options).unwrap();
    let content = fs::read_to_string(entry_path(folder.path(), &action(0x0102))).unwrap();
    assert_eq!(
        content,
        "v1 0201000000000000000000000000000000000000000000000000000000000000 \
         b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9 \
         \u{20}                 11  1700000000123456789\n"
    );
    assert_eq!(content.len(), 175);
}

#[test]
fn a_time_outside_the_format_becomes_the_nearest_inside() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let stored_as = |time| {
        let options = PutOptions { time: Some(time), ..PutOptions::default() };
        cache.put(&action(1), Source::Bytes(b"x"), &options).unwrap();
        let entry = cache.get(&action(1)).unwrap().hit().unwrap();
        entry.time.duration_since(SystemTime::UNIX_EPOCH).unwrap()
    };
    assert_eq!(stored_as(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), Duration::ZERO);
    let year_2700 = SystemTime::UNIX_EPOCH + Duration::from_secs(730 * 365 * 86_400);
    assert_eq!(stored_as(year_2700), Duration::from_nanos(i64::MAX as u64));
}

#[test]
fn every_malformed_entry_is_a_miss_that_says_why() {
    let id = action(1).to_string();
    let output = OutputId::of(b"x").to_string();
    let good = text(&id, &output, "1", "1");
    assert!(get_with_file(good.as_bytes()).is_hit());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = byte;
        bytes
    };
    let field = |size: &str, time: &str| text(&id, &output, size, time).into_bytes();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "the file is empty"),
        (good.as_bytes()[..174].to_vec(), "the file is too short"),
        (format!("{good}\n").into_bytes(), "the file is too long"),
        (vec![b'x'; 10_000], "the file is too long"),
        (changed(0, b'V'), "the header or a separator is wrong"),
        (changed(1, b'2'), "the header or a separator is wrong"),
        (changed(2, b'_'), "the header or a separator is wrong"),
        (changed(67, b'_'), "the header or a separator is wrong"),
        (changed(132, b'_'), "the header or a separator is wrong"),
        (changed(153, b'0'), "the header or a separator is wrong"),
        (changed(174, b' '), "the header or a separator is wrong"),
        (changed(3, b'g'), "the action ID is not hexadecimal"),
        (changed(3, b'f'), "the action ID is another's"),
        (changed(68, b'\xff'), "the output ID is not hexadecimal"),
        (field("", "1"), "the size is not a number"),
        (field("1x", "1"), "the size is not a number"),
        (field("1 ", "1"), "the size is not a number"),
        (field("9223372036854775808", "1"), "the size is not a number"),
        (field("-1", "1"), "the size is negative"),
        (field("1", "\t1"), "the time is not a number"),
        (field("1", "99999999999999999999"), "the time is not a number"),
        (field("1", "-9223372036854775808"), "the time is negative"),
    ];
    for (content, reason) in cases {
        match get_with_file(&content) {
            Lookup::Miss(MissReason::Malformed(said)) => {
                assert_eq!(said, reason, "{:?}", String::from_utf8_lossy(&content));
            }
            other => panic!("{:?} gave {other:?}", String::from_utf8_lossy(&content)),
        }
    }
}

#[test]
fn what_gos_parser_takes_is_taken() {
    let id = action(1).to_string();
    let output = OutputId::of(b"x").to_string();
    for (size, time) in [("+1", "+5"), ("01", "-0"), ("9223372036854775807", "0")] {
        assert!(get_with_file(text(&id, &output, size, time).as_bytes()).is_hit(), "{size} {time}");
    }
    let upper = text(&id, &output.to_uppercase(), "1", "1");
    assert_eq!(
        get_with_file(upper.as_bytes()).hit().unwrap().output,
        OutputId::of(b"x"),
        "hexadecimal digits in either case"
    );
}

#[test]
fn a_folder_or_a_link_in_an_entrys_place_is_a_miss_and_a_put_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let path = entry_path(folder.path(), &action(1));
    fs::create_dir_all(path.join("inside")).unwrap();
    assert!(!cache.get(&action(1)).unwrap().is_hit());
    cache.put_bytes(&action(1), b"one").unwrap();
    assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"one");

    #[cfg(unix)]
    {
        let outside = folder.path().join("outside");
        fs::rename(&path, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        assert!(!cache.get(&action(1)).unwrap().is_hit(), "links are not followed");
        cache.put_bytes(&action(1), b"two").unwrap();
        assert_eq!(bytes_of(&cache, &action(1)).unwrap(), b"two");
        assert!(outside.exists(), "the put replaced the link, not what it led to");
    }
}

/// Go writes an entry over the old one, in the same file, with one system call.
#[test]
fn an_entry_that_is_rewritten_in_place_is_read_as_the_old_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let id = action(7);
    let versions = [b"first".as_slice(), b"second".as_slice()].map(|body| {
        let output = OutputId::of(body);
        (output, body.len() as u64)
    });
    cache.put_bytes(&id, b"first").unwrap();
    cache.put_bytes(&ActionId::from_bytes([9; 32]), b"second").unwrap();
    let path = entry_path(folder.path(), &id);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            for n in 0..20_000 {
                let (output, size) = versions[n % 2];
                let text = text(&id.to_string(), &output.to_string(), &size.to_string(), "5");
                file.rewind().unwrap();
                file.write_all(text.as_bytes()).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut hits = 0;
        while !done.load(Ordering::Relaxed) {
            // A writer that never pauses can make it give up; it must never mix two entries.
            if let Lookup::Hit(entry) = cache.get(&id).unwrap() {
                hits += 1;
                let read = (entry.output, entry.size);
                assert!(versions.contains(&read), "a mixture after {hits} hits: {entry:?}");
            }
        }
        assert!(hits > 0);
    });
}
