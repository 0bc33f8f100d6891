//! What a helper answers to each request.

mod common;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, CacheExt, Check, Error, OutputFile, OutputId, PutOptions, Source};
use cache_prog_server::Options;
use cache_prog_wire::{Command, Request, Response, ResponseReader};
use common::{Odd, Served, action, disk, noise, put};

const MIB: usize = 1 << 20;

#[test]
fn the_first_message_says_what_it_can_do() {
    let (_dir, cache) = disk();
    let (served, replies) = Served::without_reader(cache, &Options::default());
    let first = ResponseReader::new(replies).next().expect("a response");
    let known_commands = vec![Command::Get, Command::Put, Command::Close];
    assert_eq!(first, Some(Response { known_commands, ..Response::default() }));
    drop(served);
}

#[test]
fn what_was_put_is_found_with_its_time_and_its_file() {
    let (_dir, cache) = disk();
    let mut served = Served::start(cache.clone());
    let bodies = [vec![], b"small".to_vec(), noise(MIB), noise(MIB + 1), noise(3 * MIB)];
    for (number, body) in (1..).zip(&bodies) {
        let stored = served.ask_put(&put(10, &action(number), body), body);
        assert_eq!(stored.error, "");
        assert_eq!(fs::read(stored.disk_path.expect("a path")).expect("a file"), *body);
    }
    for (number, body) in (1..).zip(&bodies) {
        let hit = served.ask(&Request::get(11, &action(number)));
        assert_eq!((hit.error.as_str(), hit.miss), ("", false));
        assert_eq!(hit.output_id(), Some(OutputId::of(body)));
        assert_eq!(hit.size, body.len() as i64);
        let entry = cache.get(&action(number)).expect("a lookup").hit().expect("an entry");
        assert_eq!(hit.time, Some(entry.time));
        assert_eq!(fs::read(hit.disk_path.expect("a path")).expect("a file"), *body);
    }
    let size = bodies.iter().map(|body| body.len() as u64).sum::<u64>();
    let tally = served.tally();
    assert_eq!((tally.puts, tally.bytes_in), (5, size));
    assert_eq!((tally.gets, tally.hits, tally.misses), (5, 5, 0));
    assert_eq!((tally.bytes_out, tally.errors), (size, 0));
}

#[test]
fn the_time_of_an_entry_is_the_one_it_was_stored_with() {
    let (_dir, cache) = disk();
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000, 123_456_789);
    let options = PutOptions { time: Some(time), ..PutOptions::default() };
    cache.put(&action(1), Source::Bytes(b"old"), &options).expect("a put");
    let mut served = Served::start(cache);
    assert_eq!(served.ask(&Request::get(1, &action(1))).time, Some(time));
}

#[test]
fn what_is_not_there_or_not_whole_is_a_miss() {
    let (_dir, cache) = disk();
    let file = |number: u8| {
        let bytes = [number; 100];
        cache.put_bytes(&action(number), &bytes).expect("a put").file.expect("a file").path
    };
    fs::remove_file(file(2)).expect("an output removed");
    fs::write(file(3), "short").expect("an output cut short");
    fs::write(file(4), [4; 101]).expect("an output grown");
    let mut served = Served::start(cache);
    for number in 1..=4 {
        let reply = served.ask(&Request::get(7, &action(number)));
        assert_eq!(reply, Response { id: 7, miss: true, ..Response::default() });
    }
    let tally = served.tally();
    assert_eq!((tally.gets, tally.misses, tally.errors), (4, 4, 0));
}

#[test]
fn a_lookup_that_the_cache_fails_is_answered_as_a_miss_and_counted_as_an_error() {
    let (_dir, disk) = disk();
    let mut cache = Odd::new(&disk);
    cache.on_get = Box::new(|_| Some(Err(Error::Backend(io::Error::other("no network").into()))));
    let mut served = Served::start(Arc::new(cache));
    let reply = served.ask(&Request::get(7, &action(1)));
    assert_eq!(reply, Response { id: 7, miss: true, ..Response::default() });
    let tally = served.tally();
    assert_eq!((tally.gets, tally.errors), (0, 1));
}

/// On every worker, and while the body arrives.
#[test]
fn a_cache_that_panics_fails_that_request_and_no_other() {
    let (_dir, disk) = disk();
    let mut cache = Odd::new(&disk);
    cache.on_get = Box::new(|asked| {
        assert_ne!(*asked, action(13), "a panic that this test wants");
        None
    });
    let large = noise(2 * MIB);
    cache.on_file = Box::new(|file| {
        assert_ne!(file.size, 2 << 20, "a panic that this test wants");
        file
    });
    let mut served = Served::start(Arc::new(cache));
    for id in 1..=20 {
        assert!(served.ask(&Request::get(id, &action(13))).error.contains("failed"));
    }
    assert!(served.ask_put(&put(21, &action(1), &large), &large).error.contains("failed"));
    assert!(served.ask(&Request::get(22, &action(2))).miss);
    assert_eq!(served.ask_put(&put(23, &action(2), b"fine"), b"fine").error, "");
    let tally = served.tally();
    assert_eq!((tally.misses, tally.puts, tally.errors), (1, 1, 21));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let (_dir, disk) = disk();
    let mut cache = Odd::new(&disk);
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/tmp/\xff-d")).to_owned();
    cache.on_file = Box::new(move |file| OutputFile { path: path.clone(), ..file });
    let mut served = Served::start(Arc::new(cache));
    for reply in [
        served.ask_put(&put(1, &action(1), b"output"), b"output"),
        served.ask(&Request::get(2, &action(1))),
    ] {
        assert!(reply.error.contains("not UTF-8"), "{reply:?}");
    }
    let tally = served.tally();
    assert_eq!((tally.gets, tally.puts, tally.errors), (0, 0, 2));
}

/// A body that is not what was announced, by its bytes or its size.
#[test]
fn a_broken_promise_stores_nothing_and_keeps_the_stream_in_step() {
    for size in [1, 100, MIB, 2 * MIB] {
        let (_dir, cache) = disk();
        let mut served = Served::start(cache.clone());
        let promised = noise(size);
        let other_bytes: Vec<u8> = promised.iter().map(|byte| !byte).collect();
        let one_more = [promised.as_slice(), b"x"].concat();
        let many_more = [promised.as_slice(), &noise(200_000)].concat();
        for sent in [&[][..], &promised[1..], &other_bytes, &one_more, &many_more] {
            let reply = served.ask_put(&put(1, &action(1), &promised), sent);
            assert!(reply.error.contains("not what was promised"), "{size}: {reply:?}");
            assert_eq!(reply.disk_path, None);
            // The next ones are answered rightly.
            assert!(served.ask(&Request::get(2, &action(1))).miss);
            assert_eq!(served.ask_put(&put(3, &action(2), &promised), &promised).error, "");
        }
        assert!(!cache.get(&action(1)).expect("a lookup").is_hit());
        let (_, bytes) = cache.get_bytes(&action(2), 1 << 30).expect("a lookup").hit().expect("it");
        assert_eq!(bytes, promised);
        assert_eq!(served.tally().errors, 5);
    }
}

#[test]
fn a_request_that_makes_no_sense_is_refused_and_keeps_the_stream_in_step() {
    let (_dir, cache) = disk();
    let mut served = Served::start(cache);
    for (request, why) in [
        (r#"{"ID":1,"Command":"get"}"#, "ActionID has 0 bytes"),
        (r#"{"ID":1,"Command":"get","ActionID":"AQID"}"#, "ActionID has 3 bytes"),
        (r#"{"ID":1,"Command":"put","ActionID":"AQID","BodySize":3}  "AQID""#, "ActionID has 3"),
        (r#"{"ID":1,"Command":"get2","ActionID":"AQID"}"#, r#"unknown command "get2""#),
        (r#"{"ID":1}"#, "unknown command \"\""),
    ] {
        served.send_text(request);
        let reply = served.reply();
        assert_eq!(reply.id, 1);
        assert!(reply.error.contains(why), "{reply:?}");
    }
    let refused_put = |output: Option<Vec<u8>>, body_size| Request {
        output,
        ..Request::put(1, &action(1), &OutputId::of(b"xyz"), body_size)
    };
    for (request, body, why) in [
        (refused_put(None, 3), &b"xyz"[..], "OutputID has 0 bytes"),
        (refused_put(Some(vec![1; 33]), 3), b"xyz", "OutputID has 33 bytes"),
        (refused_put(Some(vec![1; 32]), -1), b"", "BodySize is -1, which is no size"),
    ] {
        let reply = served.ask_put(&request, body);
        assert!(reply.error.contains(why), "{reply:?}");
    }
    assert!(served.ask(&Request::get(2, &action(1))).miss);
    assert_eq!(served.tally().errors, 8);
}

#[test]
fn an_older_clients_object_id_is_an_output_id() {
    let (_dir, cache) = disk();
    let mut served = Served::start(cache);
    let request = r#"{"ID":1,"Command":"put","ActionID":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","ObjectID":"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=","BodySize":5}"#;
    served.send_text(request);
    served.send_text("\n\"aGVsbG8=\"\n");
    assert_eq!(served.reply().error, "");
    assert_eq!(served.ask(&Request::get(2, &action(7))).output_id(), Some(OutputId::of(b"hello")));
}

#[test]
fn a_put_that_the_cache_fails_is_an_error_and_keeps_the_stream_in_step() {
    for size in [100, 2 * MIB] {
        let (dir, cache) = disk();
        let mut served = Served::start(cache.clone());
        let body = noise(size);
        // A file where a folder has to be.
        fs::write(dir.path().join("01"), "").expect("a file");
        let reply = served.ask_put(&put(1, &action(1), &body), &body);
        assert!(reply.error.contains("cannot create"), "{reply:?}");
        assert!(served.ask(&Request::get(2, &action(1))).miss);
        assert_eq!(served.ask_put(&put(3, &action(2), b"next"), b"next").error, "");
        assert!(cache.get_file(&action(2), Check::Checksum).expect("a lookup").is_hit());
    }
}
