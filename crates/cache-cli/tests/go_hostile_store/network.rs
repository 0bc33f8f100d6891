//! Stores that do not answer, or not well.

use std::time::Duration;

use test_stores::s3::{BUCKET, SECRET_KEY, uri_at};
use test_stores::{Fault, Line, Nobody, Proxy};

use crate::build::{Machine, PREFIX, filled};

/// So slow that there is a middle.
const SLOW: Line = Line { delay: Duration::from_millis(5), bytes_per_second: Some(2_000_000) };

/// A build with a store that has everything, and this fault from the start.
fn from_the_start(what: &str, fault: Fault) {
    let server = filled();
    let proxy = Proxy::start(server.addr(), Line::HERE);
    proxy.set(fault);
    Machine::new().builds(what, &server.uri_by(&proxy, PREFIX));
}

/// The same, and the fault comes when some results have come.
fn in_the_middle(what: &str, fault: Fault) {
    let server = filled();
    let proxy = Proxy::start(server.addr(), SLOW);
    let machine = Machine::new();
    let built = machine.builds_while(what, &server.uri_by(&proxy, PREFIX), &[], || {
        machine.wait_for_some();
        proxy.set(fault);
    });
    assert!(built.number("fetched") > 0, "{what}: nothing has come");
}

/// So that the other tests say something.
#[test]
fn a_store_that_works_is_used() {
    let server = filled();
    let built = Machine::new().builds("works", &server.uri(PREFIX));
    assert!(built.number("fetched") > 100, "{}", built.number("fetched"));
    assert_eq!(built.notice, None);
    let begin = format!("GET /{BUCKET}/{PREFIX}/larder-v1");
    assert_eq!(server.count(&format!("{begin}/l/")), 1);
    assert!(server.count(&format!("{begin}/p/")) > 0, "{:?}", server.requests());
}

#[test]
fn refuses_connections() {
    let nobody = Nobody::somewhere();
    let uri = uri_at(nobody.addr(), PREFIX, SECRET_KEY);
    let built = Machine::new().builds("refuses connections", &uri);
    assert_eq!(built.number("fetched"), 0);
}

#[test]
fn refuses_connections_in_the_middle() {
    in_the_middle("refuses connections in the middle", Fault::Refuse);
}

#[test]
fn hangs() {
    from_the_start("hangs", Fault::Hang);
}

#[test]
fn hangs_in_the_middle() {
    in_the_middle("hangs in the middle", Fault::Hang);
}

#[test]
fn crawls() {
    from_the_start("crawls", Fault::Crawl);
}

#[test]
fn crawls_in_the_middle() {
    in_the_middle("crawls in the middle", Fault::Crawl);
}

#[test]
fn cuts_bodies_short() {
    from_the_start("cuts bodies short", Fault::CutAfter(1000));
}

#[test]
fn denies_access() {
    let server = filled();
    let uri = uri_at(server.addr(), PREFIX, "not the secret");
    let built = Machine::new().builds("denies access", &uri.replace(' ', "%20"));
    assert_eq!(built.number("fetched"), 0);
}
