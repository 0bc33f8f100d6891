//! Who waits for whom, and who does not.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use cache_core::CacheExt;
use cache_prog_server::Options;
use cache_prog_wire::{Request, RequestWriter};
use common::{DEADLINE, Odd, Served, action, disk, noise, put};

/// A cache whose lookup of action 1 takes until something is sent, or the sender is dropped.
fn slow(disk: &Arc<cache_disk::DiskCache>) -> (Sender<()>, Arc<Odd>) {
    let (go_on, wait) = channel();
    let wait = Mutex::new(wait);
    let mut cache = Odd::new(disk);
    cache.on_get = Box::new(move |asked| {
        if *asked == action(1) {
            wait.lock().expect("no panic").recv_timeout(DEADLINE).ok();
        }
        None
    });
    (go_on, Arc::new(cache))
}

#[test]
fn a_slow_lookup_holds_up_no_fast_one() {
    let (_dir, disk) = disk();
    disk.put_bytes(&action(2), b"fast").expect("a put");
    let (go_on, cache) = slow(&disk);
    let mut served = Served::start(cache);
    served.send(&Request::get(1, &action(1)));
    for id in 2..100 {
        assert_eq!(served.ask(&Request::get(id, &action(2))).size, 4);
    }
    let large = noise(3 << 20);
    assert_eq!(served.ask_put(&put(100, &action(3), &large), &large).error, "");
    go_on.send(()).expect("a lookup that waits");
    assert_eq!(served.reply().id, 1);
    assert_eq!(served.tally().gets, 99);
}

/// Lookups that were taken for quick are answered beside each other once they are not.
#[test]
fn local_lookups_that_turn_slow_hold_up_each_other_once() {
    let (_dir, disk) = disk();
    let (both, other) = (Arc::new(Barrier::new(2)), action(2));
    let mut cache = Odd::new(&disk);
    cache.on_get = Box::new(move |asked| {
        if *asked == other {
            both.wait();
        } else {
            // By far too long for a quick one, on any machine.
            thread::sleep(Duration::from_millis(20));
        }
        None
    });
    let options = Options { local_lookups: true, ..Options::default() };
    let mut served = Served::with(Arc::new(cache), &options);
    for id in [1, 3, 5] {
        assert!(served.ask(&Request::get(id, &action(1))).miss);
    }
    (10..12).for_each(|id| served.send(&Request::get(id, &other)));
    let ids = BTreeSet::from([served.reply().id, served.reply().id]);
    assert_eq!(ids, BTreeSet::from([10, 11]));
    assert_eq!(served.tally().gets, 5);
}

/// What came before a body is answered while the body arrives, a small one as a large one.
#[test]
fn answers_are_sent_while_a_body_is_arriving() {
    for size in [1000, 4 << 20] {
        let (_dir, disk) = disk();
        disk.put_bytes(&action(2), b"fast").expect("a put");
        let (go_on, cache) = slow(&disk);
        let mut served = Served::start(cache);
        served.send(&Request::get(1, &action(1)));
        served.send(&Request::get(2, &action(2)));
        let body = noise(size);
        // The request and the first half of its body.
        let mut text = Vec::new();
        let mut writer = RequestWriter::new(&mut text);
        let mut sent = writer.put(&put(3, &action(3), &body)).expect("a request");
        sent.write(&body).expect("a body");
        sent.finish().expect("a body");
        let (first, second) = text.split_at(text.len() / 2);
        let send = |served: &mut Served, part: &[u8]| {
            served.send_text(str::from_utf8(part).expect("base64"));
        };
        send(&mut served, first);
        assert_eq!(served.reply().id, 2);
        go_on.send(()).expect("a lookup that waits");
        assert_eq!(served.reply().id, 1);
        send(&mut served, second);
        let stored = served.reply();
        assert_eq!((stored.id, stored.error.as_str()), (3, ""));
        served.tally();
    }
}

/// Many more requests than there are workers, all of them slow, before anybody reads an answer.
#[test]
fn a_crowd_of_requests_is_answered_once_each() {
    let (_dir, disk) = disk();
    let (go_on, cache) = slow(&disk);
    let mut served = Served::start(cache);
    let mut requests = served.requests.try_clone().expect("a pipe");
    let sending = thread::spawn(move || {
        let mut writer = RequestWriter::new(&mut requests);
        for id in 1..=1000 {
            if id % 3 == 0 {
                let body = [id as u8; 1000];
                let mut sent = writer.put(&put(id, &action(2), &body)).expect("a request");
                sent.write(&body).expect("a body");
                sent.finish().expect("a body");
            } else {
                writer.request(&Request::get(id, &action(1))).expect("a request");
            }
        }
    });
    drop(go_on);
    let mut ids = BTreeSet::new();
    for _ in 0..1000 {
        let reply = served.reply();
        assert_eq!(reply.error, "");
        assert!(ids.insert(reply.id));
    }
    sending.join().expect("every request sent");
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), (1..=1000).collect::<Vec<_>>());
    assert_eq!(served.ask(&Request::close(1001)).error, "");
    let tally = served.tally();
    assert_eq!((tally.gets, tally.puts, tally.errors), (667, 333, 0));
}

/// With every worker but one held up, the requests go on; with the last one too, they wait, and
/// none is lost.
#[test]
fn one_free_worker_is_enough() {
    let (_dir, disk) = disk();
    let (go_on, cache) = slow(&disk);
    let mut served = Served::start(cache);
    for id in 1..=7 {
        served.send(&Request::get(id, &action(1)));
    }
    for size in [0, 1000, 1 << 20, 3 << 20] {
        let (id, body) = (1000 + size as i64, noise(size));
        let reply = served.ask_put(&put(id, &action(2), &body), &body);
        assert_eq!((reply.id, reply.error.as_str()), (id, ""));
    }
    for id in 8..=20 {
        served.send(&Request::get(id, &action(1)));
    }
    drop(go_on);
    for _ in 1..=20 {
        assert!(served.reply().miss);
    }
    assert_eq!(served.tally().misses, 20);
}

#[test]
fn nothing_is_left_beside_the_outputs() {
    let (dir, cache) = disk();
    let mut served = Served::start(cache);
    for (id, size) in [(1, 10), (2, 2 << 20)] {
        let body = noise(size);
        served.send_put(&put(id, &action(1), &body[1..]), &body);
        assert_ne!(served.reply().error, "");
    }
    served.tally();
    let left = |folder: &Path| fs::read_dir(folder).into_iter().flatten().count();
    for folder in fs::read_dir(dir.path()).expect("a directory").flatten() {
        if folder.file_name().len() == 2 {
            assert_eq!(left(&folder.path()), 0, "{folder:?}");
        }
    }
}
