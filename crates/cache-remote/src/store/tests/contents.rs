//! What is put is what comes back.

use std::time::Duration;

use super::open;
use crate::store::{Pace, Store, StoreOptions};
use test_stores::{Fault, Line, Proxy, S3Server, noise};

/// Every operation of a store, on one that is empty.
async fn keeps_what_it_is_given(store: &Store) {
    let key = "larder-v1/a/ab/abcdef";
    assert_eq!(store.read(key, 100, Pace::LOOKUP).await.unwrap(), None);
    assert!(!store.exists(key).await.unwrap());
    store.remove(key).await.unwrap();

    store.write(key, b"one".to_vec()).await.unwrap();
    assert_eq!(store.read(key, 100, Pace::LOOKUP).await.unwrap().unwrap(), b"one");
    assert!(store.exists(key).await.unwrap());

    store.write(key, b"another".to_vec()).await.unwrap();
    assert_eq!(store.read(key, 100, Pace::LOOKUP).await.unwrap().unwrap(), b"another");

    store.write("larder-v1/a/ab/empty", Vec::new()).await.unwrap();
    assert_eq!(store.read("larder-v1/a/ab/empty", 100, Pace::LOOKUP).await.unwrap().unwrap(), b"");
    assert!(store.exists("larder-v1/a/ab/empty").await.unwrap());

    store.write("larder-v1/o/00/0000", noise(1, 5000)).await.unwrap();
    assert_eq!(
        listed(store, "larder-v1/a/").await,
        ["larder-v1/a/ab/abcdef", "larder-v1/a/ab/empty"]
    );
    assert_eq!(listed(store, "larder-v1/p/").await, [""; 0]);

    store.remove(key).await.unwrap();
    assert_eq!(store.read(key, 100, Pace::LOOKUP).await.unwrap(), None);
    assert_eq!(listed(store, "larder-v1/").await, ["larder-v1/a/ab/empty", "larder-v1/o/00/0000"]);
}

async fn listed(store: &Store, prefix: &str) -> Vec<String> {
    let mut keys = store.list(prefix).await.unwrap();
    keys.sort();
    keys
}

/// An object that is written in pieces whose sizes have nothing to do with the parts.
async fn keeps_a_large_object(store: &Store, bytes: &[u8]) {
    let key = "larder-v1/o/ab/large";
    let mut writer = store.writer(key).await.unwrap();
    for piece in bytes.chunks(300_000) {
        writer.write(piece.to_vec()).await.unwrap();
    }
    assert!(!store.exists(key).await.unwrap(), "it is there before it is whole");
    writer.finish().await.unwrap();

    let mut body = store.stream(key, Pace::BEHIND).await.unwrap().unwrap();
    let mut at = 0;
    while let Some(piece) = body.next().await.unwrap() {
        assert!(bytes[at..].starts_with(&piece), "other bytes from {at} on");
        at += piece.len();
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_folder_keeps_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&format!("fs://{}/shared", folder.path().display()));
    store.block_on(keeps_what_it_is_given(&store));
    store.block_on(keeps_a_large_object(&store, &noise(2, 40 << 20)));
}

#[test]
fn an_s3_server_keeps_what_it_is_given() {
    let server = S3Server::start();
    let store = open(&server.uri("team/go"));
    store.block_on(keeps_what_it_is_given(&store));
}

#[test]
fn a_large_object_is_sent_in_parts() {
    let server = S3Server::start();
    let store = open(&server.uri("go"));
    store.block_on(keeps_a_large_object(&store, &noise(3, 40 << 20)));
    assert_eq!(server.count("PUT /builds/go/larder-v1/o/ab/large?"), 5);
    assert_eq!(server.count("POST "), 2, "{:?}", server.requests());
}

#[test]
fn a_small_object_takes_one_request() {
    let server = S3Server::start();
    let store = open(&server.uri(""));
    let key = "larder-v1/a/ab/abcdef";
    store.block_on(store.write(key, noise(4, 512 << 10))).unwrap();
    assert_eq!(server.requests(), [format!("PUT /builds/{key}")]);

    server.forget_requests();
    store.block_on(store.read(key, 1 << 20, Pace::LOOKUP)).unwrap().unwrap();
    assert_eq!(server.count("GET "), 1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let server = S3Server::start();
    let folder = tempfile::tempdir().unwrap();
    for uri in [server.uri("go"), format!("fs://{}", folder.path().display())] {
        let store = open(&uri);
        store.block_on(async {
            let mut writer = store.writer("larder-v1/o/ab/large").await.unwrap();
            writer.write(noise(5, 20 << 20)).await.unwrap();
            drop(writer);
            assert!(!store.exists("larder-v1/o/ab/large").await.unwrap());
        });
    }
    // The parts that were sent are removed behind its back.
    eventually(|| server.count("DELETE ") == 1);
    eventually(|| folder.path().join(".larder-unfinished").read_dir().unwrap().count() == 0);
}

#[test]
fn what_killed_writers_left_in_a_folder_goes_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("fs://{}", folder.path().display());
    drop(open(&uri));
    let unfinished = folder.path().join(".larder-unfinished");
    for (name, hours) in [("old", 25), ("new", 23)] {
        let file = std::fs::File::create(unfinished.join(name)).unwrap();
        let time = std::time::SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_modified(time).unwrap();
    }
    drop(open(&uri));
    assert!(!unfinished.join("old").exists());
    assert!(unfinished.join("new").exists());
}

#[test]
fn a_body_is_not_read_ahead_of_its_reader() {
    let server = S3Server::start();
    let proxy = Proxy::start(server.addr(), Line::HERE);
    let store = open(&server.uri_by(&proxy, "go"));
    let size = 96 << 20;
    std::fs::create_dir(server.bucket().join("go")).unwrap();
    let file = std::fs::File::create(server.bucket().join("go/huge")).unwrap();
    file.set_len(size).unwrap();

    let mut body = store.block_on(store.stream("huge", Pace::BEHIND)).unwrap().unwrap();
    // Until nothing more comes: the connection's buffers are full.
    let mut before = 0;
    eventually(|| {
        let now = proxy.bytes_down();
        std::mem::replace(&mut before, now) == now
    });
    assert!(proxy.bytes_down() < size / 2, "{} B came unasked", proxy.bytes_down());

    let read = store.block_on(async {
        let mut read = 0;
        while let Some(piece) = body.next().await.unwrap() {
            assert!(piece.len() < 4 << 20, "a piece of {} B", piece.len());
            read += piece.len() as u64;
        }
        read
    });
    assert_eq!(read, size);
}

#[test]
fn stores_do_not_share_connections_that_end_with_one_of_them() {
    let server = S3Server::start();
    for i in 0..3 {
        let store = open(&server.uri("go"));
        let key = format!("larder-v1/a/{i}");
        store.block_on(store.write(&key, vec![i])).unwrap();
    }
}

#[test]
fn a_store_may_be_dropped_by_its_own_work() {
    let server = S3Server::start();
    let store = open(&server.uri("go"));
    let handle = store.handle().clone();
    let (done, is_done) = std::sync::mpsc::channel();
    handle.spawn(async move {
        let written = store.write("larder-v1/a/x", vec![1]).await;
        drop(store);
        done.send(written).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
}

#[test]
fn more_work_than_turns_is_all_done() {
    let server = S3Server::start();
    let proxy = Proxy::start(server.addr(), Line::FAR);
    let options = StoreOptions { at_once: 4, ..Default::default() };
    let store = Store::open(&server.uri_by(&proxy, "go"), &options).unwrap();
    let tasks: Vec<_> = (0..40_u8)
        .map(|i| {
            let store = store.clone();
            store.handle().clone().spawn(async move {
                let key = format!("larder-v1/a/{i}");
                store.write(&key, vec![i; 1000]).await.unwrap();
                store.read(&key, 1000, Pace::BEHIND).await.unwrap().unwrap()
            })
        })
        .collect();
    for (i, task) in tasks.into_iter().enumerate() {
        assert_eq!(store.block_on(task).unwrap(), vec![i as u8; 1000]);
    }
    proxy.set(Fault::None);
}

/// Waits until `is_so`, which is asked every 100 ms.
fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(100));
        if is_so() {
            return;
        }
    }
    panic!("it did not come true within a minute");
}
