//! A helper in front of the directory: one that serves, one that does not start, one that fails.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;

use cache_core::{Cache, CacheExt, Error, OutputId, PutOptions, Source};
use cache_default::{OnHelperFailure, Opened, Opening, open};
use cache_disk::DiskCache;
use cache_prog_client::{HelperError, HelperProblem};
use support::{Home, Notices, action, helper};

/// A home, and a folder of its own for the helper.
fn homes() -> (Home, PathBuf) {
    let home = Home::new();
    let dir = home.path("helper");
    fs::create_dir(&dir).unwrap();
    (home, dir)
}

fn open_with(home: &Home, prog: &str, choice: OnHelperFailure) -> (Opened, Notices) {
    let (opened, notices) = home.open(prog, choice);
    (opened.unwrap_or_else(|error| panic!("{error}")), notices)
}

#[track_caller]
fn problem(error: Error) -> HelperProblem {
    match error {
        Error::Backend(error) => error.downcast::<HelperError>().expect("a HelperError").problem,
        error => panic!("{error}"),
    }
}

#[track_caller]
fn says_once(notices: &Notices, opened: &Opened, what: &str) {
    let notice = notices.one();
    assert!(notice.contains(what), "{notice}");
    let dir = opened.directory.dir().display();
    assert!(notice.ends_with(&format!("; going on with the cache directory {dir} alone")));
}

fn is_in(dir: &Path, number: u64) -> bool {
    DiskCache::open(dir).unwrap().get_bytes(&action(number), 1 << 20).unwrap().is_hit()
}

fn kill(dir: &Path) {
    let pid = fs::read_to_string(dir.with_extension("pid")).unwrap();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

#[test]
fn a_helper_answers_in_the_directory_s_place() {
    for choice in [OnHelperFailure::Fail, OnHelperFailure::Continue] {
        let (home, dir) = homes();
        let (opened, notices) = open_with(&home, &helper("serves", Some(&dir)), choice);
        opened.cache.put_bytes(&action(1), b"result").unwrap();
        let (_, bytes) = opened.cache.get_bytes(&action(1), 100).unwrap().hit().unwrap();
        assert_eq!(bytes, b"result");
        assert_eq!(opened.cache.fuzz_dir(), opened.directory.fuzz_dir());
        opened.cache.close().unwrap();
        opened.cache.close().unwrap();
        assert!(is_in(&dir, 1) && !is_in(opened.directory.dir(), 1));
        assert!(notices.taken().is_empty());
    }
}

#[test]
fn closing_closes_the_directory_too() {
    let (home, dir) = homes();
    let (opened, _) = open_with(&home, &helper("serves", Some(&dir)), OnHelperFailure::Fail);
    assert!(!opened.directory.dir().join("trim.txt").exists());
    opened.cache.close().unwrap();
    assert!(opened.directory.dir().join("trim.txt").exists(), "closing a directory trims it");
}

#[test]
fn a_helper_that_does_not_start_is_an_error_that_names_it() {
    let (home, _) = homes();
    for (prog, says) in [
        ("/no/such/helper --fast", "\"/no/such/helper\""),
        ("'unterminated", "unterminated ' string"),
    ] {
        let error = home.open(prog, OnHelperFailure::Fail).0.err().expect("no helper");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn without_a_helper_that_does_not_start_the_directory_goes_on() {
    for prog in ["/no/such/helper", "'unterminated", &helper("exits", None)] {
        let (home, _) = homes();
        let (opened, notices) = open_with(&home, prog, OnHelperFailure::Continue);
        says_once(&notices, &opened, "cache helper");
        opened.cache.put_bytes(&action(1), b"result").unwrap();
        opened.cache.close().unwrap();
        assert!(is_in(opened.directory.dir(), 1));
        assert_eq!(notices.taken().len(), 1);
    }
}

#[test]
fn a_helper_that_fails_fails_every_call_when_the_user_wants_that() {
    let (home, dir) = homes();
    let prog = helper("dies-in-get 1", Some(&dir));
    let (opened, notices) = open_with(&home, &prog, OnHelperFailure::Fail);
    for _ in 0..2 {
        let error = opened.cache.get(&action(1)).unwrap_err();
        assert!(matches!(problem(error), HelperProblem::Exited));
    }
    assert!(opened.cache.put_bytes(&action(1), b"result").is_err());
    // The directory is closed all the same.
    assert!(opened.cache.close().is_err());
    assert!(opened.directory.dir().join("trim.txt").exists());
    assert!(notices.taken().is_empty());
}

#[test]
fn a_lookup_that_meets_the_failure_is_done_again_on_the_directory() {
    let (home, dir) = homes();
    let prog = helper("dies-in-get 2", Some(&dir));
    let (opened, notices) = open_with(&home, &prog, OnHelperFailure::Continue);
    opened.directory.put_bytes(&action(2), b"in the directory").unwrap();
    opened.cache.put_bytes(&action(1), b"in the helper").unwrap();
    assert!(opened.cache.get(&action(1)).unwrap().is_hit());
    let (_, bytes) = opened.cache.get_bytes(&action(2), 100).unwrap().hit().unwrap();
    assert_eq!(bytes, b"in the directory");
    says_once(&notices, &opened, "has exited (exit status: 9)");
    // What the helper kept is a miss now, and no error.
    assert!(!opened.cache.get(&action(1)).unwrap().is_hit());
    assert_eq!(opened.cache.output_file(&OutputId::of(b"in the helper")).unwrap(), None);
    opened.cache.close().unwrap();
    assert_eq!(notices.taken().len(), 1);
}

#[test]
fn an_output_that_is_asked_for_after_the_failure_is_gone() {
    let (home, _) = homes();
    let (opened, notices) = open_with(&home, &helper("leaves", None), OnHelperFailure::Continue);
    assert_eq!(opened.cache.output_file(&OutputId::of(b"x")).unwrap(), None);
    opened.cache.get(&action(1)).unwrap();
    says_once(&notices, &opened, "has exited (exit status: 9)");
}

/// Over what stays in memory on its way, so that the helper fails while it is sent.
const LARGE: usize = 4 << 20;

#[test]
fn a_put_that_meets_the_failure_is_done_again_on_the_directory_when_it_can_be_read_again() {
    for size in [100, LARGE] {
        let bytes = vec![7; size];
        let file = {
            let mut file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut file, &bytes).unwrap();
            file
        };
        let mut seekable = Cursor::new(bytes.clone());
        for source in [Source::Bytes(&bytes), Source::File(&file), Source::Seekable(&mut seekable)]
        {
            let (home, dir) = homes();
            let prog = helper("dies-in-put 1", Some(&dir));
            let (opened, notices) = open_with(&home, &prog, OnHelperFailure::Continue);
            let kind = format!("{source:?}");
            let stored = opened.cache.put(&action(1), source, &PutOptions::default()).unwrap();
            assert_eq!(stored.entry.output, OutputId::of(&bytes), "{kind}");
            assert!(stored.file.unwrap().path.starts_with(opened.directory.dir()), "{kind}");
            says_once(&notices, &opened, "has exited");
            let (_, found) =
                opened.directory.get_bytes(&action(1), 8 << 20).unwrap().hit().unwrap();
            assert!(found == bytes, "{kind}");
        }
    }
}

/// Bytes that can be read once, as a kind of source.
fn once<'a>(kind: &str, bytes: &[u8], reader: &'a mut Cursor<Vec<u8>>) -> Source<'a> {
    match kind {
        "reader" => Source::Reader(reader),
        _ => {
            Source::Promised { output: OutputId::of(bytes), size: bytes.len() as u64, body: reader }
        }
    }
}

#[test]
fn a_put_of_what_is_read_once_fails_with_the_helper_and_stores_nothing() {
    let bytes = vec![7; 100];
    for kind in ["reader", "promised"] {
        let (home, dir) = homes();
        let prog = helper("dies-in-put 1", Some(&dir));
        let (opened, notices) = open_with(&home, &prog, OnHelperFailure::Continue);
        let mut reader = Cursor::new(bytes.clone());
        let source = once(kind, &bytes, &mut reader);
        let error = opened.cache.put(&action(1), source, &PutOptions::default()).unwrap_err();
        assert!(matches!(problem(error), HelperProblem::Exited));
        says_once(&notices, &opened, "has exited");
        assert!(!opened.cache.get(&action(1)).unwrap().is_hit());

        // Put again, it is stored.
        let mut reader = Cursor::new(bytes.clone());
        let source = once(kind, &bytes, &mut reader);
        opened.cache.put(&action(1), source, &PutOptions::default()).unwrap();
        assert!(is_in(opened.directory.dir(), 1));
        assert_eq!(notices.taken().len(), 1);
    }
}

#[test]
fn a_put_of_what_is_read_once_goes_on_as_long_as_nothing_was_read() {
    let bytes = vec![7; 100];
    for kind in ["reader", "promised"] {
        let (home, dir) = homes();
        let (opened, notices) =
            open_with(&home, &helper("serves", Some(&dir)), OnHelperFailure::Continue);
        kill(&dir);
        // The helper's end is known once a call has met it.
        while notices.taken().is_empty() {
            opened.cache.get(&action(2)).unwrap();
        }
        let mut reader = Cursor::new(bytes.clone());
        let source = once(kind, &bytes, &mut reader);
        opened.cache.put(&action(1), source, &PutOptions::default()).unwrap();
        assert!(is_in(opened.directory.dir(), 1));
        says_once(&notices, &opened, "has exited");
    }
}

#[test]
fn a_source_that_fails_is_no_failure_of_the_helper() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("on purpose"))
        }
    }
    let (home, dir) = homes();
    let (opened, notices) =
        open_with(&home, &helper("serves", Some(&dir)), OnHelperFailure::Continue);
    let put = opened.cache.put(&action(1), Source::Reader(&mut Failing), &PutOptions::default());
    assert!(matches!(put, Err(Error::Source { .. })), "{put:?}");
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    opened.cache.close().unwrap();
    assert!(notices.taken().is_empty());
    assert!(is_in(&dir, 1));
}

#[test]
fn a_helper_that_answers_with_an_error_goes_on_serving() {
    let (home, dir) = homes();
    let (opened, notices) =
        open_with(&home, &helper("refuses", Some(&dir)), OnHelperFailure::Continue);
    let error = opened.cache.put_bytes(&action(1), b"result").unwrap_err();
    assert!(matches!(problem(error), HelperProblem::Refused { .. }));
    assert!(!opened.cache.get(&action(1)).unwrap().is_hit());
    opened.cache.close().unwrap();
    assert!(notices.taken().is_empty());
}

#[test]
fn a_helper_that_is_killed_under_eight_threads_is_told_once_and_costs_no_answer() {
    let (home, dir) = homes();
    let (opened, notices) =
        open_with(&home, &helper("serves", Some(&dir)), OnHelperFailure::Continue);
    let (progress, worked) = channel();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (opened, progress) = (&opened, progress.clone());
            scope.spawn(move || {
                for round in 0..100 {
                    let action = action(1000 * thread + round);
                    let bytes = format!("{thread} {round}").repeat(1000).into_bytes();
                    opened.cache.put_bytes(&action, &bytes).unwrap();
                    // A miss, where the helper has taken it with it.
                    if let Some((_, found)) =
                        opened.cache.get_bytes(&action, 1 << 20).unwrap().hit()
                    {
                        assert!(found == bytes);
                    }
                    progress.send(()).unwrap();
                }
            });
        }
        for _ in 0..100 {
            worked.recv().unwrap();
        }
        kill(&dir);
    });
    says_once(&notices, &opened, "has exited (signal: 9");
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    assert!(opened.cache.get(&action(1)).unwrap().is_hit());
    opened.cache.close().unwrap();
    assert_eq!(notices.taken().len(), 1);
}

#[test]
fn a_helper_whose_end_is_first_met_on_closing_is_told_then() {
    let (home, dir) = homes();
    let (opened, notices) =
        open_with(&home, &helper("serves", Some(&dir)), OnHelperFailure::Continue);
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    kill(&dir);
    // It may have been closed in the moment before it was seen to be gone, which is in order.
    opened.cache.close().unwrap();
    assert!(notices.taken().len() <= 1);
    assert!(opened.directory.dir().join("trim.txt").exists());
}

#[test]
fn that_verify_mode_does_not_reach_a_helper_is_said() {
    let (home, dir) = homes();
    let home = home.set("LARDER_DEBUG", "verify=1");
    let prog = helper("serves", Some(&dir));
    let (opened, notices) = open_with(&home, &prog, OnHelperFailure::Fail);
    let notice = notices.one();
    assert!(notice.starts_with("verify mode has no effect on what the cache helper"), "{notice}");
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    assert!(opened.cache.get(&action(1)).unwrap().is_hit());
}

#[test]
fn a_helper_opens_the_directory_alone() {
    let (home, _) = homes();
    let home = home.set("LARDER_PROG", "/no/such/helper");
    let settings = home.settings();
    assert!(open(&settings).is_err());
    let opened = Opening::of(&settings).without_helper().open().unwrap();
    opened.cache.put_bytes(&action(1), b"result").unwrap();
    assert!(is_in(opened.directory.dir(), 1));
}

#[test]
fn larder_s_helper_is_not_taken_in_by_this_process_s_variables() {
    for (variable, told) in [
        // With GOCACHE beside it, it would say that the go command started the helper.
        ("GOCACHEPROG", ""),
        // In verify mode it would compare what this process puts not to be compared.
        ("LARDER_DEBUG", "verify=0,hash=0"),
    ] {
        let (home, _) = homes();
        let file = home.path("variable");
        let prog = helper(&format!("says-variable {variable}"), Some(&file));
        let (_, notices) = open_with(&home, &prog, OnHelperFailure::Continue);
        assert_eq!(notices.taken().len(), 1);
        assert_eq!(fs::read_to_string(file).unwrap(), told);
    }
}
