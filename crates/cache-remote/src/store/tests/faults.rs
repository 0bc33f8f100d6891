//! What a store that does not work comes to: an error that says what happened, within a bounded
//! time. The generous limits of time only tell a wait from one without end.

use std::time::{Duration, Instant};

use crate::store::{Pace, Store, StoreError, StoreOptions, StoreProblem};
use test_stores::s3::uri_at;
use test_stores::{Fault, Line, Nobody, Proxy, S3Server, noise};

const KEY: &str = "larder-v1/a/ab/abcdef";

/// Much longer than anything here takes, and much shorter than for ever.
const BOUNDED: Duration = Duration::from_secs(30);

/// Options with which a test does not take long.
fn impatient() -> StoreOptions {
    StoreOptions {
        connect_timeout: Duration::from_millis(500),
        read_timeout: Duration::from_millis(500),
        write_timeout: Duration::from_millis(500),
        tries: 2,
        ..Default::default()
    }
}

/// A server with an object of `size` bytes under [`KEY`], a proxy before it, and the store.
fn far_away(size: usize, options: &StoreOptions) -> (S3Server, Proxy, Store) {
    let server = S3Server::start();
    let proxy = Proxy::start(server.addr(), Line::HERE);
    let store = Store::open(&server.uri_by(&proxy, ""), options).unwrap();
    server.liar().replace(KEY, &noise(1, size));
    (server, proxy, store)
}

/// The error of each operation, each of which has to end.
fn errors(store: &Store) -> Vec<StoreError> {
    let start = Instant::now();
    let errors = store.block_on(async {
        vec![
            store.read(KEY, 1 << 20, Pace::LOOKUP).await.unwrap_err(),
            store.exists(KEY).await.unwrap_err(),
            store.write(KEY, b"new".to_vec()).await.unwrap_err(),
            store.remove(KEY).await.unwrap_err(),
            store.list("larder-v1/").await.unwrap_err(),
            async {
                let mut writer = store.writer(KEY).await?;
                writer.write(noise(1, 20 << 20)).await?;
                writer.finish().await
            }
            .await
            .unwrap_err(),
        ]
    });
    assert!(start.elapsed() < BOUNDED, "it took {:?}", start.elapsed());
    errors
}

#[test]
fn wrong_credentials_are_refused_once_and_for_all() {
    let server = S3Server::start();
    let store = Store::open(&uri_at(server.addr(), "", "wr0ng-s3cret"), &impatient()).unwrap();
    for error in errors(&store) {
        assert!(matches!(error.problem(), StoreProblem::Refused(_)), "{error:?}");
        assert!(!error.is_temporary());
        let text = format!("{error} {error:?}");
        assert!(text.contains("SignatureDoesNotMatch") || text.contains("not say why"), "{text}");
        assert!(text.contains("check the credentials"), "{text}");
        assert!(!text.contains("wr0ng-s3cret"), "{text}");
    }
    // A refusal is not tried again.
    assert_eq!(server.count(&format!("GET /builds/{KEY}")), 1);
}

#[test]
fn a_bucket_that_is_not_there_is_no_miss() {
    let server = S3Server::start();
    let uri = server.uri("").replace("builds", "bulids");
    let store = Store::open(&uri, &impatient()).unwrap();
    let error = store.block_on(store.list("larder-v1/")).unwrap_err();
    assert!(matches!(error.problem(), StoreProblem::Settings(_)), "{error:?}");
    assert!(!error.is_temporary());
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let nobody = Nobody::somewhere();
    let store = Store::open(&uri_at(nobody.addr(), "", "s"), &impatient()).unwrap();
    for error in errors(&store) {
        assert!(matches!(error.problem(), StoreProblem::Unreachable(_)), "{error:?}");
        assert!(error.is_temporary());
    }
    // OpenDAL lists this one folder by folder.
    let uri = format!("webdav+http://{}/cache", nobody.addr());
    let store = Store::open(&uri, &impatient()).unwrap();
    let error = store.block_on(store.list("larder-v1/")).unwrap_err();
    assert!(matches!(error.problem(), StoreProblem::Unreachable(_)), "{error:?}");
}

#[test]
fn a_redis_that_is_not_there_costs_no_more_than_its_limit() {
    let nobody = Nobody::somewhere();
    let store = Store::open(&format!("redis://:pw@{}/0", nobody.addr()), &impatient()).unwrap();
    let start = Instant::now();
    let error = store.block_on(store.read(KEY, 100, Pace::LOOKUP)).unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    assert!(start.elapsed() < BOUNDED);
    let error = store.block_on(store.list("larder-v1/")).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Unsupported);
}

#[test]
fn a_server_that_does_not_answer_is_waited_for_no_longer_than_the_limit() {
    let (_server, proxy, store) = far_away(1000, &impatient());
    proxy.set(Fault::Hang);
    for error in errors(&store) {
        assert_eq!(error.problem(), &StoreProblem::Timeout, "{error:?}");
        assert!(error.is_temporary());
    }
}

#[test]
fn a_lookup_gives_up_before_the_tries_do() {
    let (_server, proxy, store) = far_away(1000, &StoreOptions::default());
    proxy.set(Fault::Hang);
    let start = Instant::now();
    let error = store.block_on(store.read(KEY, 1 << 20, Pace::LOOKUP)).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Timeout);
    // The read timeout is 10 s, three times.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_crawls_is_not_waited_for() {
    let (_server, proxy, store) = far_away(512 << 10, &StoreOptions::default());
    proxy.set(Fault::Crawl);
    let start = Instant::now();
    let error = store.block_on(store.read(KEY, 1 << 20, Pace::LOOKUP)).unwrap_err();
    assert!(
        matches!(error.problem(), StoreProblem::TooSlow { .. } | StoreProblem::Timeout),
        "{error:?}"
    );
    assert!(start.elapsed() < BOUNDED);
}

#[test]
fn a_body_that_stops_in_the_middle_is_not_waited_for() {
    let (_server, proxy, store) = far_away(32 << 20, &impatient());
    let body = store.block_on(store.stream(KEY, Pace::LOOKUP)).unwrap();
    proxy.set(Fault::Hang);
    let error = store.block_on(body.unwrap().all(64 << 20)).unwrap_err();
    assert!(
        matches!(error.problem(), StoreProblem::TooSlow { .. } | StoreProblem::Timeout),
        "{error:?}"
    );
}

#[test]
fn a_body_that_is_cut_short_is_fetched_on_from_there() {
    let (server, proxy, store) = far_away(400_000, &StoreOptions::default());
    proxy.set(Fault::CutAfter(150_000));
    let read = store.block_on(store.read(KEY, 1 << 20, Pace::BEHIND)).unwrap().unwrap();
    assert_eq!(read, noise(1, 400_000));
    assert!(server.count("GET ") > 1);
}

#[test]
fn a_body_that_is_cut_short_again_and_again_is_an_error() {
    let (_server, proxy, store) = far_away(400_000, &impatient());
    proxy.set(Fault::CutAfter(10));
    for error in errors(&store) {
        assert!(matches!(error.problem(), StoreProblem::Failed(_)), "{error:?}");
        assert!(error.is_temporary());
    }
}

#[test]
fn a_store_that_was_away_is_there_again() {
    let (_server, proxy, store) = far_away(1000, &impatient());
    for fault in [Fault::Refuse, Fault::Hang, Fault::CutAfter(0)] {
        proxy.set(fault);
        store.block_on(store.read(KEY, 1 << 20, Pace::LOOKUP)).unwrap_err();
        proxy.set(Fault::None);
        let read = store.block_on(store.read(KEY, 1 << 20, Pace::LOOKUP)).unwrap().unwrap();
        assert_eq!(read, noise(1, 1000));
    }
}

#[test]
fn an_object_over_the_limit_is_an_error_and_not_read_on() {
    let (_server, proxy, store) = far_away(64 << 20, &StoreOptions::default());
    let error = store.block_on(store.read(KEY, 1 << 20, Pace::BEHIND)).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::TooLarge { limit: 1 << 20 });
    assert!(!error.is_temporary());
    assert!(proxy.bytes_down() < 48 << 20, "{} B", proxy.bytes_down());
}

#[test]
fn one_try_is_one_try() {
    let (server, proxy, store) = far_away(1000, &StoreOptions { tries: 1, ..impatient() });
    proxy.set(Fault::CutAfter(0));
    store.block_on(store.read(KEY, 1 << 20, Pace::LOOKUP)).unwrap_err();
    assert_eq!(server.count("GET "), 1);
}
