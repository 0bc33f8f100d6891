//! The end of a helper.

mod support;

use std::fs;
use std::thread;
use std::time::Duration;

use cache_core::{Cache, CacheExt, Error, OutputId};
use cache_prog_client::HelperProblem;
use support::{action, builder, helper_error, start};

/// How long a test waits for what should come at once.
const HANGS: Duration = Duration::from_secs(60);

#[test]
fn a_closed_cache_answers_nothing_and_may_be_closed_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    cache.put_bytes(&action(1), b"x").unwrap();
    cache.close().unwrap();
    cache.close().unwrap();
    assert!(matches!(cache.get(&action(1)), Err(Error::Closed)));
    assert!(matches!(cache.put_bytes(&action(1), b"x"), Err(Error::Closed)));
    assert!(matches!(cache.output_file(&OutputId::of(b"x")), Err(Error::Closed)));
    assert_eq!(cache.fuzz_dir().to_str(), Some("/fuzz"));
}

#[test]
fn an_exit_without_a_reply_is_as_good_as_one() {
    for status in [0, 7] {
        start(&format!("exits-on-close {status}")).close().unwrap();
    }
}

#[test]
fn a_helper_that_does_not_answer_close_exits_when_its_input_ends() {
    builder("forgets-close")
        .close_deadline(Duration::from_secs(8))
        .start()
        .unwrap()
        .close()
        .unwrap();
}

#[test]
fn a_helper_that_knows_no_close_has_its_input_closed() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let script = format!("serves '{}' get,put '{}'", folder.path().display(), record.display());
    let cache = builder(&script).close_deadline(HANGS).start().unwrap();
    cache.get(&action(1)).unwrap();
    cache.close().unwrap();
    assert!(!fs::read_to_string(record).unwrap().contains("close"));
}

#[test]
fn a_helper_that_does_not_exit_is_ended_after_the_deadline() {
    let limit = Duration::from_millis(200);
    for script in ["ignores-close", "stops-reading"] {
        let cache = builder(script).close_deadline(limit).start().unwrap();
        let error = helper_error(cache.close());
        assert!(matches!(error.problem, HelperProblem::StillRunning(l) if l == limit), "{error}");
        cache.close().unwrap();
    }
}

#[test]
fn close_waits_for_nothing_longer_than_its_deadline() {
    // Another call is in the middle of a write that will not end.
    let limit = Duration::from_millis(500);
    let cache =
        builder("stops-reading").close_deadline(limit).reply_deadline(HANGS).start().unwrap();
    thread::scope(|scope| {
        let put = scope.spawn(|| cache.put_bytes(&action(1), &vec![0; 4 << 20]));
        let get = scope.spawn(|| cache.get(&action(1)));
        thread::sleep(Duration::from_millis(100));
        helper_error(cache.close());
        assert!(matches!(put.join().unwrap(), Err(Error::Closed)));
        assert!(matches!(get.join().unwrap(), Err(Error::Closed)));
    });
}

#[test]
fn calls_without_a_reply_get_to_know_that_the_cache_was_closed() {
    let cache = builder("exits-on-close 0").reply_deadline(HANGS).start().unwrap();
    thread::scope(|scope| {
        let cache = &cache;
        let gets: Vec<_> = (0..8).map(|n| scope.spawn(move || cache.get(&action(n)))).collect();
        cache.close().unwrap();
        for get in gets {
            let got = get.join().unwrap();
            assert!(matches!(got, Err(Error::Closed)), "{got:?}");
        }
    });
}

#[cfg(unix)]
#[test]
fn a_process_that_holds_the_helpers_output_does_not_hold_up_close() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display();
    let script = format!("leaves-child '{dir}' serves '{dir}' get,put,close");
    let cache = builder(&script).close_deadline(HANGS).start().unwrap();
    cache.put_bytes(&action(1), b"x").unwrap();
    cache.close().unwrap();
    let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
    if cfg!(target_os = "linux") {
        assert!(fs::exists(format!("/proc/{pid}")).unwrap(), "the process was there all the time");
    }
}
