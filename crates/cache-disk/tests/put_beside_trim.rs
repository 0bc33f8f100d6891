//! A trim that meets a put or a use: what was put or used just now stays.

mod common;

use std::io::{self, Read};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, PutOptions, Source};
use cache_disk::{DiskCache, Progress, TrimOptions};
use common::{Clock, HOUR, entry_path, output_path, set_mtime};

#[test]
fn an_entry_that_is_put_while_a_trim_removes_its_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (cache, trimmed) = (DiskCache::open(dir).unwrap(), DiskCache::open(dir).unwrap());
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let long_ago = since.as_secs() - 10 * HOUR;
    let trim = TrimOptions { max_size: Some(0), force: true, ..TrimOptions::default() };
    // All in one folder, so that the trim is busy there while they are put.
    let actions: Vec<_> = (0..300).map(in_first_folder).collect();
    let (meet, stop) = (Barrier::new(2), AtomicBool::new(false));
    let (mut lost, mut rounds) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                meet.wait();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                trimmed.trim(&trim).unwrap();
                meet.wait();
            }
        });
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            for action in &actions {
                cache.put_bytes(action, b"body").unwrap();
                set_mtime(&entry_path(dir, action), long_ago);
            }
            meet.wait();
            let first = rounds * 7 % actions.len();
            for action in actions.iter().cycle().skip(first).take(actions.len()) {
                cache.put_bytes(action, b"body").unwrap();
            }
            meet.wait();
            rounds += 1;
            lost += actions.iter().filter(|action| !cache.get(action).unwrap().is_hit()).count();
        }
        stop.store(true, Ordering::Relaxed);
        meet.wait();
    });
    assert_eq!(lost, 0, "entries went that had just been put, in {rounds} rounds");
}

#[test]
fn a_trim_that_takes_hours_leaves_the_marks_of_what_is_used_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::new();
    let cache = clock.open(folder.path());
    let used = ActionId::from_bytes([0xff; 32]);
    cache.put_bytes(&used, b"body").unwrap();

    let use_it_later = |progress: Progress| {
        if progress.done == 1 {
            clock.pass(5 * HOUR);
            cache.get_file(&used, cache_core::Check::Size).unwrap().hit().expect("it is there");
        }
    };
    cache.trim(&TrimOptions { progress: Some(&use_it_later), ..TrimOptions::default() }).unwrap();
    clock.pass(HOUR);
    let options = TrimOptions { max_size: Some(0), force: true, ..TrimOptions::default() };
    let report = cache.trim(&options).unwrap();
    assert_eq!(report.removed, Default::default(), "all of it was used an hour ago");
}

#[test]
fn an_output_is_marked_when_it_is_published_and_not_when_its_last_byte_came() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path()).unwrap();
    let mut body = Slow { ended: None };
    cache.put(&in_first_folder(0), Source::Reader(&mut body), &PutOptions::default()).unwrap();
    let marked = output_path(folder.path(), b"").metadata().unwrap().modified().unwrap();
    assert!(marked + Duration::from_millis(500) > body.ended.unwrap());

    /// Takes its time to say that there is nothing.
    struct Slow {
        ended: Option<SystemTime>,
    }

    impl Read for Slow {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_secs(1));
            self.ended = Some(SystemTime::now());
            Ok(0)
        }
    }
}

fn in_first_folder(number: u16) -> ActionId {
    let mut bytes = [0; 32];
    bytes[1..3].copy_from_slice(&number.to_le_bytes());
    bytes.into()
}
