//! Two machines and one store: what one puts, the other gets, and nothing else.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{ActionId, Cache, CacheExt, FileName, Lookup, OutputId, PutOptions, Source};
use cache_disk::{CheckUpOptions, DiskCache};
use cache_remote::{Access, Builder, KeyPair, RemoteCache, Scope, Store, StoreOptions, Trust};
use tempfile::TempDir;
use test_stores::{Fault, Line, Proxy, S3Server, noise};

/// Long enough for everything that is to end.
const LONG: Duration = Duration::from_secs(120);

/// A machine with an empty directory.
#[derive(Clone)]
struct Machine {
    folder: Arc<TempDir>,
}

/// The cache of a machine.
struct Tier {
    cache: RemoteCache,
    _machine: Machine,
}

impl Deref for Tier {
    type Target = RemoteCache;

    fn deref(&self) -> &RemoteCache {
        &self.cache
    }
}

impl Machine {
    fn new() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().unwrap()) }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn local(&self) -> Arc<DiskCache> {
        Arc::new(DiskCache::open(self.dir()).unwrap())
    }

    fn with(&self, uri: &str) -> Tier {
        self.tier(uri, |builder| builder)
    }

    /// However slow this machine is, no time is lost by asking the store.
    fn patient(&self, uri: &str) -> Tier {
        self.tier(uri, patient)
    }

    fn tier(&self, uri: &str, set: impl FnOnce(Builder) -> Builder) -> Tier {
        let store = Store::open(uri, &StoreOptions::default()).unwrap();
        let cache = set(RemoteCache::builder(self.local(), store)).start().unwrap();
        Tier { cache, _machine: self.clone() }
    }

    /// What is bad in its directory.
    fn bad(&self) -> usize {
        self.local().check_up(&CheckUpOptions::default()).unwrap().bad.len()
    }
}

fn patient(builder: Builder) -> Builder {
    let now = Instant::now();
    builder.clock(move || now)
}

fn action(n: u64) -> ActionId {
    ActionId::from_bytes(noise(n, 32).try_into().unwrap())
}

fn get(cache: &dyn Cache, n: u64) -> Option<Vec<u8>> {
    cache.get_bytes(&action(n), 1 << 30).unwrap().hit().map(|(_, bytes)| bytes)
}

fn reason(cache: &dyn Cache, n: u64) -> String {
    cache.get(&action(n)).unwrap().miss().expect("a miss").to_string()
}

/// Closes it, and waits until all is uploaded.
fn close(cache: &RemoteCache) {
    cache.close().unwrap();
    assert_eq!(cache.finish(LONG), 0, "uploads are left");
}

/// A store with some results, small and large.
fn filled(server: &S3Server) -> Vec<Vec<u8>> {
    let bodies: Vec<Vec<u8>> = [0, 1, 1000, 70_000, 600_000, 3_000_000]
        .iter()
        .map(|size| noise(*size, *size as usize))
        .collect();
    let tier = Machine::new().patient(&server.uri("p"));
    for (n, body) in bodies.iter().enumerate() {
        tier.put_bytes(&action(n as u64), body).unwrap();
    }
    close(&tier);
    bodies
}

#[test]
fn what_one_machine_puts_another_gets_with_its_time() {
    let server = S3Server::start();
    let (one, two) = (Machine::new(), Machine::new());
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    let bodies = [noise(1, 10), noise(2, 700_000)];
    let tier = one.patient(&server.uri("p"));
    for (n, body) in bodies.iter().enumerate() {
        let options = PutOptions { time: Some(time), ..PutOptions::default() };
        tier.put(&action(n as u64), Source::Bytes(body), &options).unwrap();
    }
    close(&tier);

    let tier = two.patient(&server.uri("p"));
    for (n, body) in bodies.iter().enumerate() {
        let Lookup::Hit((entry, bytes)) = tier.get_bytes(&action(n as u64), 1 << 30).unwrap()
        else {
            panic!("a miss")
        };
        assert_eq!((entry.time, &bytes), (time, body));
    }
    assert_eq!(tier.counts().fetched, 2);
    server.forget_requests();
    assert_eq!(get(&*tier, 0).as_ref(), Some(&bodies[0]));
    assert_eq!(server.requests(), [""; 0], "it is in the directory now");
    assert!(get(&*tier, 9).is_none());
    close(&tier);
    assert_eq!(two.bad(), 0);
}

#[test]
fn a_small_result_takes_one_request() {
    let server = S3Server::start();
    let bodies = filled(&server);
    let tier = Machine::new().patient(&server.uri("p"));
    server.forget_requests();
    assert_eq!(get(&*tier, 2).as_ref(), Some(&bodies[2]));
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
    server.forget_requests();
    assert_eq!(get(&*tier, 5).as_ref(), Some(&bodies[5]));
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
}

#[test]
fn equal_large_outputs_are_stored_once() {
    let server = S3Server::start();
    let tier = Machine::new().patient(&server.uri("p"));
    let body = noise(7, 900_000);
    for n in 0..4 {
        tier.put_bytes(&action(n), &body).unwrap();
        assert_eq!(tier.finish(LONG), 0);
    }
    close(&tier);
    assert_eq!(server.liar().keys("p/larder-v1/o/").len(), 1);
    assert_eq!(server.liar().keys("p/larder-v1/a/").len(), 4);
}

#[test]
fn of_an_action_with_another_result_the_last_one_is_in_the_store() {
    let server = S3Server::start();
    // So slow that the first is on its way for longer than the second alone would be.
    let line = Line { delay: Duration::ZERO, bytes_per_second: Some(1_000_000) };
    let slow = Proxy::start(server.addr(), line);
    let tier = Machine::new().patient(&server.uri_by(&slow, "p"));
    tier.put_bytes(&action(1), &noise(1, 500_000)).unwrap();
    let begun = Instant::now();
    while server.count("PUT ") == 0 {
        assert!(begun.elapsed() < LONG, "nothing is uploaded");
        thread::sleep(Duration::from_millis(1));
    }
    for n in 2..5 {
        tier.put_bytes(&action(1), &noise(n, 100)).unwrap();
    }
    close(&tier);
    assert_eq!(get(&*Machine::new().patient(&server.uri("p")), 1), Some(noise(4, 100)));
}

#[test]
fn an_executable_comes_with_its_name() {
    let server = S3Server::start();
    let (one, two) = (Machine::new(), Machine::new());
    let tier = one.patient(&server.uri("p"));
    let executable = Some(FileName::new("tool").unwrap());
    let options = PutOptions { executable, ..PutOptions::default() };
    tier.put(&action(1), Source::Bytes(b"#!/bin/sh\n"), &options).unwrap();
    close(&tier);
    let tier = two.patient(&server.uri("p"));
    assert!(tier.get(&action(1)).unwrap().is_hit());
    let file = tier.output_file(&OutputId::of(b"#!/bin/sh\n")).unwrap().expect("a file");
    assert_eq!(file.path.file_name().unwrap(), "tool");
}

#[test]
fn equal_gets_at_the_same_time_fetch_once() {
    let server = S3Server::start();
    let bodies = filled(&server);
    let far = Proxy::start(server.addr(), Line::FAR);
    let tier = Machine::new().patient(&server.uri_by(&far, "p"));
    server.forget_requests();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(get(&*tier, 5).as_ref(), Some(&bodies[5]));
            });
        }
    });
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
}

#[test]
fn a_reader_writes_nothing_and_a_writer_reads_nothing() {
    let server = S3Server::start();
    let bodies = filled(&server);
    let uri = server.uri("p");
    let before = server.liar().keys("");
    let read_only =
        |builder: Builder| patient(builder).access(Access::ReadOnly).scope(Scope::new("s"));
    let reader = Machine::new().tier(&uri, read_only);
    reader.put_bytes(&action(77), b"mine").unwrap();
    assert_eq!(get(&*reader, 2).as_ref(), Some(&bodies[2]));
    close(&reader);
    assert_eq!(server.liar().keys(""), before);

    let writer = Machine::new().tier(&uri, |builder| patient(builder).access(Access::WriteOnly));
    assert!(get(&*writer, 2).is_none());
    writer.put_bytes(&action(78), b"yours").unwrap();
    close(&writer);
    assert_eq!(server.liar().keys("").len(), before.len() + 1);
}

#[test]
fn whatever_is_done_to_the_store_a_get_is_right_or_a_miss() {
    let server = S3Server::start();
    let bodies = filled(&server);
    let liar = server.liar();
    let keys = liar.keys("p/");
    for key in &keys {
        let whole = liar.read(key);
        // Every byte of a header, and some of the bodies.
        let places = (0..whole.len()).filter(|at| *at < 200 || at % (1 + whole.len() / 20) == 0);
        for at in places.step_by(7) {
            liar.flip(key, at);
            let machine = Machine::new();
            let tier = machine.patient(&server.uri("p"));
            for (n, body) in bodies.iter().enumerate() {
                let found = get(&*tier, n as u64);
                assert!(found.as_ref().is_none_or(|found| found == body), "{key}, byte {at}");
            }
            assert_eq!(machine.bad(), 0, "{key}, byte {at}");
            liar.replace(key, &whole);
        }
        for length in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
            liar.truncate(key, length);
            let machine = Machine::new();
            let tier = machine.patient(&server.uri("p"));
            let found = (0..bodies.len()).filter(|n| {
                let found = get(&*tier, *n as u64);
                assert!(found.as_ref().is_none_or(|found| *found == bodies[*n]), "{key}, {length}");
                found.is_some()
            });
            assert!(found.count() < bodies.len(), "{key}, cut to {length}, is not whole");
            assert_eq!(machine.bad(), 0);
            liar.replace(key, &whole);
        }
    }
    let results: Vec<&String> = keys.iter().filter(|key| key.contains("/a/")).collect();
    liar.swap(results[0], results[1]);
    let tier = Machine::new().patient(&server.uri("p"));
    let refused = (0..bodies.len() as u64).filter(|n| get(&*tier, *n).is_none()).count();
    assert_eq!(refused, 2, "another action's result");
    assert_eq!(tier.counts().refused, 2);
}

#[test]
fn only_what_is_signed_by_somebody_trusted_is_taken() {
    let server = S3Server::start();
    let uri = server.uri("p");
    let (good, bad) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let put = |n: u64, signer: Option<&KeyPair>| {
        let tier = Machine::new().tier(&uri, |builder| match signer {
            Some(pair) => patient(builder).signer(KeyPair::from_text(&pair.to_text()).unwrap()),
            None => builder,
        });
        tier.put_bytes(&action(n), &noise(n, 100)).unwrap();
        close(&tier);
    };
    put(1, Some(&good));
    put(2, Some(&bad));
    put(3, None);
    let machine = Machine::new();
    let tier = machine.tier(&uri, |builder| patient(builder).trust(Trust::only([good.public()])));
    assert_eq!(get(&*tier, 1), Some(noise(1, 100)));
    assert!(reason(&*tier, 2).contains("not among the trusted"), "{}", reason(&*tier, 2));
    assert!(reason(&*tier, 3).contains("not signed"), "{}", reason(&*tier, 3));
}

#[test]
fn a_store_that_is_not_there_costs_a_moment_and_loses_nothing() {
    for fault in [Fault::Refuse, Fault::Hang, Fault::Crawl, Fault::CutAfter(10)] {
        let server = S3Server::start();
        let proxy = Proxy::start(server.addr(), Line::HERE);
        proxy.set(fault);
        let machine = Machine::new();
        let tier = machine.with(&server.uri_by(&proxy, "p"));
        for n in 0..50 {
            assert!(get(&*tier, n).is_none(), "{fault:?}");
            tier.put_bytes(&action(n), &noise(n, 500)).unwrap();
        }
        tier.close().unwrap();
        drop(tier);

        proxy.set(Fault::None);
        let tier = machine.with(&server.uri_by(&proxy, "p"));
        close(&tier);
        let other = Machine::new().patient(&server.uri("p"));
        for n in 0..50 {
            assert_eq!(get(&*other, n), Some(noise(n, 500)), "{fault:?}, {n}");
        }
    }
}

#[test]
fn what_a_build_used_is_there_for_the_next_one_in_few_requests() {
    let server = S3Server::start();
    let uri = server.uri("p");
    let scope = || Scope::new("project/main");
    let bodies: Vec<Vec<u8>> = (0..300).map(|n| noise(n, 2000 + n as usize)).collect();
    let tier = Machine::new().tier(&uri, |builder| patient(builder).scope(scope()));
    for (n, body) in bodies.iter().enumerate() {
        assert!(get(&*tier, n as u64).is_none());
        tier.put_bytes(&action(n as u64), body).unwrap();
    }
    tier.put_bytes(&action(1000), &noise(1000, 1 << 20)).unwrap();
    close(&tier);
    assert_eq!(server.liar().keys("p/larder-v1/l/").len(), 1);
    assert_eq!(server.liar().keys("p/larder-v1/p/").len(), 1);

    let machine = Machine::new();
    let tier = machine.tier(&uri, |builder| patient(builder).scope(scope()));
    server.forget_requests();
    for (n, body) in bodies.iter().enumerate() {
        assert_eq!(get(&*tier, n as u64).as_ref(), Some(body), "{n}");
    }
    assert_eq!(get(&*tier, 1000), Some(noise(1000, 1 << 20)));
    close(&tier);
    let requests = server.requests();
    assert!(requests.len() <= 5, "a list, a pack and a large one: {requests:?}");
    assert_eq!(machine.bad(), 0);

    // A few new results are loose; the pack stays.
    let tier = machine.tier(&uri, |builder| patient(builder).scope(scope()));
    (0..300).for_each(|n| assert!(get(&*tier, n).is_some()));
    (300..330).for_each(|n| _ = tier.put_bytes(&action(n), &noise(n, 100)).unwrap());
    close(&tier);
    assert_eq!(server.liar().keys("p/larder-v1/p/").len(), 1);
    let tier = Machine::new().tier(&uri, |builder| patient(builder).scope(scope()));
    for n in (0..330).rev() {
        assert!(get(&*tier, n).is_some(), "{n}");
    }
    assert_eq!(tier.counts().not_there, 0);
}

#[test]
fn a_branch_begins_with_the_list_of_the_default_one() {
    let server = S3Server::start();
    let uri = server.uri("p");
    let tier = Machine::new().tier(&uri, |builder| patient(builder).scope(Scope::new("main")));
    (0..100).for_each(|n| _ = tier.put_bytes(&action(n), &noise(n, 5000)).unwrap());
    close(&tier);
    let scope = Scope { fallback: Some("main".to_owned()), ..Scope::new("topic") };
    let tier = Machine::new().tier(&uri, |builder| patient(builder).scope(scope));
    server.forget_requests();
    (0..100).for_each(|n| assert!(get(&*tier, n).is_some(), "{n}"));
    assert!(server.requests().len() <= 4, "{:?}", server.requests());
    close(&tier);
    assert_eq!(server.liar().keys("p/larder-v1/l/").len(), 2, "now it has its own");
}

#[test]
fn a_list_of_lies_costs_nothing_but_time() {
    let server = S3Server::start();
    let uri = server.uri("p");
    let tier = Machine::new().tier(&uri, |builder| patient(builder).scope(Scope::new("s")));
    (0..100).for_each(|n| _ = tier.put_bytes(&action(n), &noise(n, 5000)).unwrap());
    close(&tier);
    let liar = server.liar();
    let pack = liar.keys("p/larder-v1/p/").pop().unwrap();
    liar.flip(&pack, 5000);
    let machine = Machine::new();
    let tier = machine.tier(&uri, |builder| patient(builder).scope(Scope::new("s")));
    for n in 0..100 {
        let found = get(&*tier, n);
        assert!(found.is_none_or(|found| found == noise(n, 5000)));
    }
    assert_eq!(machine.bad(), 0);
}
