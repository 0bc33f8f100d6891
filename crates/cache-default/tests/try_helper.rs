//! A helper is tried out: started, asked what it can do, and ended.

#![cfg(unix)]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use cache_default::{StartError, try_helper};
use support::{Home, helper};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn without_a_helper_there_is_nothing_to_try() {
    assert!(try_helper(&Home::new().settings(), LIMIT).unwrap().is_none());
}

#[test]
fn one_that_serves_says_what_it_can_do_and_ends() {
    let home = Home::new();
    let dir = home.path("helper");
    fs::create_dir(&dir).unwrap();
    let home = home.set("LARDER_PROG", helper("serves", Some(&dir)));
    let settings = home.settings();
    let tried = try_helper(&settings, LIMIT).unwrap().unwrap();
    assert_eq!(tried.commands, ["get", "put", "close"]);
    assert!(tried.ended_in.is_ok(), "{tried:?}");
    assert!(!matches!(settings.required_dir(), Ok(dir) if dir.exists()), "it makes no directory");
}

#[test]
fn one_that_does_not_start_is_an_error_and_so_is_one_that_says_nothing_in_time() {
    let settings = Home::new().set("LARDER_PROG", helper("exits", None)).settings();
    let error = try_helper(&settings, LIMIT).unwrap_err();
    assert!(matches!(error, StartError::Helper(_)), "{error}");
    let settings = Home::new().set("LARDER_PROG", "/no/such/helper").settings();
    let error = try_helper(&settings, LIMIT).unwrap_err();
    assert!(matches!(error, StartError::Spawn { .. }), "{error}");

    let settings = Home::new().set("LARDER_PROG", "sleep 600").settings();
    let begun = Instant::now();
    let error = try_helper(&settings, Duration::from_millis(200)).unwrap_err();
    assert!(error.to_string().contains("did not say within 200ms"), "{error}");
    assert!(begun.elapsed() < LIMIT);
}
