//! How a helper ends.

mod common;

use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use cache_core::{Cache, CacheExt};
use cache_disk::DiskCache;
use cache_prog_server::{Options, ServeError, Stop};
use cache_prog_wire::{Problem, Request, RequestWriter, Response};
use common::{DEADLINE, Odd, Served, action, disk, noise, put};

/// A cache whose lookup of action 1 says that it began and takes until something is sent.
fn slow(disk: &Arc<DiskCache>) -> (Sender<()>, std::sync::mpsc::Receiver<()>, Arc<Odd>) {
    let (go_on, wait) = channel();
    let (begin, began) = channel();
    let both = Mutex::new((begin, wait));
    let mut cache = Odd::new(disk);
    cache.on_get = Box::new(move |asked| {
        if *asked == action(1) {
            let (begin, wait) = &*both.lock().expect("no panic");
            begin.send(()).expect("someone who listens");
            wait.recv_timeout(DEADLINE).ok();
        }
        None
    });
    (go_on, began, Arc::new(cache))
}

fn stopped_by(stop: &Stop) -> Options {
    Options { stop: stop.clone(), patience: DEADLINE, ..Options::default() }
}

#[test]
fn close_is_answered_without_an_error_and_ends_it() {
    let (_dir, cache) = disk();
    let mut served = Served::start(cache);
    assert_eq!(served.ask(&Request::close(5)), Response { id: 5, ..Response::default() });
    // With the input still open.
    assert!(served.end().is_ok());
}

#[test]
fn close_lets_what_is_in_hand_finish() {
    let (_dir, disk) = disk();
    let (go_on, began, cache) = slow(&disk);
    let mut served = Served::start(cache);
    served.send(&Request::get(1, &action(1)));
    began.recv_timeout(DEADLINE).expect("a lookup");
    assert_eq!(served.ask(&Request::close(2)).error, "");
    go_on.send(()).expect("a lookup that waits");
    assert_eq!(served.reply().id, 1);
    assert_eq!(served.end().expect("a clean end").misses, 1);
}

#[test]
fn a_close_that_the_cache_fails_is_no_error_to_the_client() {
    struct Failing(Odd);
    impl Cache for Failing {
        fn get(&self, action: &cache_core::ActionId) -> cache_core::Result<cache_core::Lookup> {
            self.0.get(action)
        }
        fn put(
            &self,
            action: &cache_core::ActionId,
            source: cache_core::Source<'_>,
            options: &cache_core::PutOptions,
        ) -> cache_core::Result<cache_core::Stored> {
            self.0.put(action, source, options)
        }
        fn output_file(
            &self,
            output: &cache_core::OutputId,
        ) -> cache_core::Result<Option<cache_core::OutputFile>> {
            self.0.output_file(output)
        }
        fn fuzz_dir(&self) -> std::path::PathBuf {
            self.0.fuzz_dir()
        }
        fn close(&self) -> cache_core::Result<()> {
            Err(cache_core::Error::Unsupported("close"))
        }
    }
    let (_dir, disk) = disk();
    let mut served = Served::start(Arc::new(Failing(Odd::new(&disk))));
    assert_eq!(served.ask(&Request::close(1)).error, "");
    assert_eq!(served.tally().errors, 1);
}

#[test]
fn the_end_of_the_input_ends_it_once_everything_is_answered() {
    let (_dir, disk) = disk();
    let (go_on, began, cache) = slow(&disk);
    let mut served = Served::start(cache);
    let body = noise(1000);
    served.send(&Request::get(1, &action(1)));
    began.recv_timeout(DEADLINE).expect("a lookup");
    served.send_put(&put(2, &action(2), &body), &body);
    served.send_text(" \n ");
    drop(go_on);
    let (mut left, ended) = served.finish();
    left.sort_by_key(|reply| reply.id);
    assert_eq!(left.iter().map(|reply| reply.id).collect::<Vec<_>>(), [1, 2]);
    let tally = ended.expect("a clean end");
    assert_eq!((tally.misses, tally.puts, tally.errors), (1, 1, 0));
    assert!(disk.get_bytes(&action(2), 1000).expect("a lookup").is_hit());
}

#[test]
fn it_closes_the_cache() {
    let (dir, cache) = disk();
    Served::start(cache).tally();
    // The first trim of a directory is due, and stamps it.
    assert!(dir.path().join("trim.txt").exists());
}

#[test]
fn garbage_ends_it_with_the_message_and_the_byte() {
    let first = r#"{"ID":1,"Command":"get","ActionID":"AQID"}"#;
    let put = r#"{"ID":1,"Command":"put","BodySize":3}"#;
    for (text, message, byte) in [
        ("garbage".to_owned(), 1, 0),
        (format!("{first}\n{first}\n]"), 3, 86),
        (format!("{first}\n{{\"ID\":x}}"), 2, 49),
        (format!("{first}\n{{\"ID\":"), 2, 49),
        (format!("{put}\n\"AQ*D\""), 1, 41),
        (format!("{put}\n\"AQID"), 1, 43),
        (format!("{put}\nAQID"), 1, 38),
    ] {
        let (_dir, cache) = disk();
        let mut served = Served::start(cache);
        served.send_text(&text);
        let (replies, ended) = served.finish();
        // Those before it are answered.
        assert!(replies.iter().all(|reply| reply.id == 1), "{text}: {replies:?}");
        let error = ended.expect_err(&text);
        let place = format!("cannot read the requests: message {message}, byte {byte}: ");
        assert!(error.to_string().starts_with(&place), "{text}: {error}");
    }
}

/// The stream breaks off in bodies that are being stored, a small one and a large one.
#[test]
fn a_body_that_breaks_off_stores_nothing() {
    for (size, sent) in [(1000, 500), (4 << 20, 3 << 20)] {
        for end in ["", "*\"\n"] {
            let (_dir, cache) = disk();
            let mut served = Served::start(cache.clone());
            let body = noise(size);
            let mut text = Vec::new();
            let mut writer = RequestWriter::new(&mut text);
            let mut writing = writer.put(&put(1, &action(1), &body)).expect("a request");
            writing.write(&body).expect("a body");
            writing.finish().expect("a body");
            served.requests.write_all(&text[..sent]).expect("a part of it");
            served.send_text(end);
            let (replies, ended) = served.finish();
            assert_ne!(replies[0].error, "");
            match (ended, end) {
                (Err(ServeError::Input(e)), "") => assert!(matches!(e.problem, Problem::Cut)),
                (Err(ServeError::Input(e)), _) => assert!(matches!(e.problem, Problem::Base64)),
                (other, _) => panic!("{other:?}"),
            }
            assert!(!cache.get(&action(1)).expect("a lookup").is_hit());
        }
    }
}

#[test]
fn a_client_that_is_gone_ends_it() {
    let (_dir, disk) = disk();
    let (go_on, began, cache) = slow(&disk);
    let (mut served, replies) = Served::without_reader(cache, &Options::default());
    served.send(&Request::get(1, &action(1)));
    began.recv_timeout(DEADLINE).expect("a lookup");
    drop(replies);
    drop(go_on);
    // Although the input stays open.
    let ended = served.end();
    assert!(matches!(ended, Err(ServeError::Output(_))), "{ended:?}");
}

#[test]
fn a_client_that_was_never_there_ends_it() {
    let (_dir, disk) = disk();
    let (theirs, requests) = std::io::pipe().expect("a pipe");
    let (replies, output) = std::io::pipe().expect("a pipe");
    drop(replies);
    let ended = cache_prog_server::serve(disk, theirs, output, &Options::default());
    assert!(matches!(ended, Err(ServeError::Output(_))), "{ended:?}");
    drop(requests);
}

#[test]
fn it_can_be_stopped_while_nothing_comes() {
    let (_dir, cache) = disk();
    let stop = Stop::default();
    let mut served = Served::with(cache, &stopped_by(&stop));
    assert!(served.ask(&Request::get(1, &action(1))).miss);
    stop.stop();
    stop.stop();
    assert_eq!(served.end().expect("a clean end").misses, 1);
}

#[test]
fn a_stop_lets_what_is_in_hand_finish() {
    let (_dir, disk) = disk();
    let (go_on, began, cache) = slow(&disk);
    let stop = Stop::default();
    let mut served = Served::with(cache, &stopped_by(&stop));
    let body = noise(3 << 20);
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    let mut writing = writer.put(&put(2, &action(2), &body)).expect("a request");
    writing.write(&body).expect("a body");
    writing.finish().expect("a body");
    served.send(&Request::get(1, &action(1)));
    began.recv_timeout(DEADLINE).expect("a lookup");
    // More than a pipe and the reader's buffer hold: the put is in hand now.
    let (first, second) = text.split_at(text.len() / 2);
    served.requests.write_all(first).expect("half of the body");
    stop.stop();
    served.requests.write_all(second).expect("the rest of the body");
    assert_eq!(served.reply().error, "");
    go_on.send(()).expect("a lookup that waits");
    assert_eq!(served.reply().id, 1);
    let tally = served.end().expect("a clean end");
    assert_eq!((tally.puts, tally.misses), (1, 1));
}

#[test]
fn a_stop_waits_no_longer_than_its_patience() {
    let (_dir, disk) = disk();
    let (go_on, began, cache) = slow(&disk);
    let stop = Stop::default();
    let options = Options { patience: Duration::from_millis(10), ..stopped_by(&stop) };
    let mut served = Served::with(cache, &options);
    served.send(&Request::get(1, &action(1)));
    began.recv_timeout(DEADLINE).expect("a lookup");
    stop.stop();
    assert_eq!(served.end().expect("a clean end").gets, 0);
    drop(go_on);
}
