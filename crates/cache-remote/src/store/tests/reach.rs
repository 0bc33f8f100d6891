//! Whether a store can be reached is found out within the limit, and without writing anything.

use std::fs;
use std::time::{Duration, Instant};

use crate::store::{Reached, StoreProblem, reach};
use test_stores::s3::uri_at;
use test_stores::{Fault, Line, Nobody, Proxy, S3Server};

/// Generous, for what answers.
const LIMIT: Duration = Duration::from_secs(20);

fn problem(uri: &str, limit: Duration) -> StoreProblem {
    reach(uri, limit).unwrap_err().problem().clone()
}

#[test]
fn a_store_is_asked_for_one_thing_and_told_nothing() {
    let server = S3Server::start();
    let reached = reach(&server.uri("prefix"), LIMIT).unwrap();
    assert!(matches!(reached, Reached::Answers { .. }), "{reached:?}");
    let requests = server.requests();
    assert!(requests.len() == 1 && requests[0].starts_with("GET /builds/prefix/"), "{requests:?}");
}

#[test]
fn one_that_refuses_says_so_without_the_secret() {
    let server = S3Server::start();
    let error = reach(&uri_at(server.addr(), "", "another-secret"), LIMIT).unwrap_err();
    assert!(matches!(error.problem(), StoreProblem::Refused(_)), "{error}");
    assert!(!error.to_string().contains("another-secret"), "{error}");
}

#[test]
fn one_that_never_answers_is_waited_for_as_long_as_was_said() {
    let server = S3Server::start();
    let proxy = Proxy::start(server.addr(), Line::HERE);
    proxy.set(Fault::Hang);
    let nobody = Nobody::somewhere();
    for uri in [server.uri_by(&proxy, ""), uri_at(nobody.addr(), "", "secret")] {
        let begun = Instant::now();
        let problem = problem(&uri, Duration::from_millis(700));
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}: {problem:?}");
        let is_told = matches!(problem, StoreProblem::Timeout | StoreProblem::Unreachable(_));
        assert!(is_told, "{problem:?}");
    }
}

#[test]
fn a_shared_folder_is_looked_at_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("share");
    let uri = format!("fs://{}", share.display());
    assert_eq!(reach(&uri, LIMIT).unwrap(), Reached::NoFolder { folder: share.clone() });
    assert!(!share.exists());
    fs::create_dir(&share).unwrap();
    assert!(matches!(reach(&uri, LIMIT).unwrap(), Reached::Answers { .. }));
    assert_eq!(fs::read_dir(&share).unwrap().count(), 0);
    fs::remove_dir(&share).unwrap();
    fs::write(&share, "a file").unwrap();
    assert!(matches!(problem(&uri, LIMIT), StoreProblem::Unreachable(_)));
}

#[test]
fn a_wrong_address_is_a_mistake() {
    for uri in ["ftp://host/path", "s3://bucket/prefix?region=x&nonsense=1", "nonsense"] {
        assert!(matches!(problem(uri, LIMIT), StoreProblem::Address(_)), "{uri}");
    }
}
