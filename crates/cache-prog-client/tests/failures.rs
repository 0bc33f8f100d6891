//! Helpers that fail: every waiting and every later call gets to know, at once.

mod support;

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use cache_core::{Cache, CacheExt, Error, OutputId, PutOptions, Source};
use cache_prog_client::{HelperError, HelperProblem, ProgCache};
use support::{action, builder, helper_error, program, start};

/// How long a test waits for what should come at once.
const HANGS: Duration = Duration::from_secs(60);

/// Lets so many threads wait for a reply at once, and checks that they and all later calls get the
/// one failure.
#[track_caller]
fn fails(cache: &ProgCache, waiting: u64) -> HelperError {
    let first = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..waiting).map(|n| scope.spawn(move || cache.get(&action(n)))).collect();
        let errors = threads.into_iter().map(|thread| helper_error(thread.join().unwrap()));
        let mut errors: Vec<_> = errors.collect();
        let texts: Vec<_> = errors.iter().map(HelperError::to_string).collect();
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        errors.swap_remove(0)
    });
    let program = program("scripted-helper").display().to_string();
    assert_eq!(first.program, program);
    assert!(first.to_string().contains(&program), "{first}");
    for later in [
        helper_error(cache.get(&action(1))),
        helper_error(cache.put_bytes(&action(1), b"x")),
        helper_error(cache.output_file(&OutputId::of(b"x"))),
        helper_error(cache.close()),
    ] {
        assert_eq!(later.to_string(), first.to_string());
    }
    cache.close().unwrap();
    first
}

#[test]
fn a_helper_that_exits_fails_all_calls_with_its_status() {
    for (status, waiting) in [(7, 1), (7, 8), (0, 8)] {
        let error = fails(&start(&format!("after {waiting} '' {status}")), waiting);
        assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
        assert_eq!(error.status.unwrap().code(), Some(status));
    }
}

#[test]
fn a_helper_that_exits_is_noticed_by_a_put_in_the_middle() {
    let cache = start("after 0 '' 7");
    let error = helper_error(cache.put_bytes(&action(1), &vec![0; 4 << 20]));
    assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
    assert_eq!(error.status.unwrap().code(), Some(7));
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_holds_the_helpers_pipes_hides_its_exit_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let left = format!("leaves-child '{}'", folder.path().display());
    let error = fails(&start(&format!("{left} after 8 '' 7")), 8);
    assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
    assert_eq!(error.status.unwrap().code(), Some(7));

    // Nobody reads the helper's stdin, which stays open.
    let folder = tempfile::tempdir().unwrap();
    let left = format!("leaves-child '{}'", folder.path().display());
    let cache = start(&format!("{left} after 0 '' 7"));
    let error = helper_error(cache.put_bytes(&action(1), &vec![0; 4 << 20]));
    assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
}

#[test]
fn what_a_helper_wrote_before_it_exited_counts() {
    for _ in 0..20 {
        let cache = start(r#"after 1 '{"ID":1,"Miss":true}' 0"#);
        assert!(!cache.get(&action(1)).unwrap().is_hit());
        let error = helper_error(cache.get(&action(2)));
        assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
    }
}

#[test]
fn garbage_fails_all_calls_with_its_place() {
    let error = fails(&start("after 8 oops"), 8);
    let HelperProblem::Garbage(wire) = &error.problem else { panic!("{error}") };
    let declared = r#"{"ID":0,"KnownCommands":["get","put","close"]}"#.len() as u64 + 1;
    assert_eq!((wire.message, wire.byte), (2, declared));
    assert!(error.to_string().contains(&format!("message 2, byte {declared}: ")), "{error}");

    for text in ["[]", r#"{"ID":true}"#, r#"{"ID":1"#] {
        let error = fails(&start(&format!("after 2 '{text}' 7")), 2);
        assert!(matches!(error.problem, HelperProblem::Garbage(_)), "{text}: {error}");
    }
}

#[test]
fn an_unknown_number_fails_all_calls() {
    for id in [0, 9, -1, 1_000_000] {
        let error = fails(&start(&format!(r#"after 8 '{{"ID":{id}}}'"#)), 8);
        assert!(matches!(error.problem, HelperProblem::UnknownId(found) if found == id), "{error}");
    }
}

#[test]
fn a_second_answer_fails_all_later_calls() {
    let cache = start(r#"after 1 '{"ID":1,"Miss":true}{"ID":1,"Miss":true}'"#);
    assert!(!cache.get(&action(1)).unwrap().is_hit());
    let error = helper_error(cache.get(&action(1)));
    assert!(matches!(error.problem, HelperProblem::UnknownId(1)), "{error}");
}

#[cfg(unix)]
#[test]
fn a_helper_that_closes_a_pipe_and_lives_on_is_ended() {
    let error = fails(&start("closes-output"), 1);
    assert!(matches!(error.problem, HelperProblem::ClosedOutput), "{error}");
    assert_eq!(error.status, None);
    let error = fails(&start("closes-input"), 4);
    assert!(matches!(error.problem, HelperProblem::ClosedInput), "{error}");
}

#[test]
fn a_helper_that_never_answers_is_given_up_after_the_deadline() {
    let limit = Duration::from_secs(2);
    let cache = builder("never-answers").reply_deadline(limit).start().unwrap();
    let error = fails(&cache, 8);
    assert!(
        matches!(error.problem, HelperProblem::NoAnswer { after, .. } if after == limit),
        "{error}"
    );
    assert!(error.to_string().contains("did not answer a get within 2s"), "{error}");
}

#[test]
fn a_helper_that_stops_reading_is_given_up_after_the_deadline() {
    let limit = Duration::from_millis(200);
    let cache = builder("stops-reading").reply_deadline(limit).start().unwrap();
    let error = thread::scope(|scope| {
        let cache = &cache;
        let puts: Vec<_> = (0..4)
            .map(|n| scope.spawn(move || cache.put_bytes(&action(n), &vec![0; 4 << 20])))
            .collect();
        let errors: Vec<_> =
            puts.into_iter().map(|put| helper_error(put.join().unwrap())).collect();
        errors[0].clone()
    });
    assert!(matches!(error.problem, HelperProblem::NotReading(_)), "{error}");
    fails(&cache, 2);
}

#[test]
fn a_flood_of_answers_to_nobody_ends_a_helper_that_has_stopped_reading() {
    let cache = builder(r#"floods '{"ID":5000}'"#).reply_deadline(HANGS).start().unwrap();
    thread::scope(|scope| {
        let put = scope.spawn(|| cache.put_bytes(&action(0), &vec![0; 4 << 20]));
        let others: Vec<_> = (1..4)
            .map(|n| {
                scope.spawn({
                    let cache = &cache;
                    move || cache.get(&action(n))
                })
            })
            .collect();
        let error = helper_error(put.join().unwrap());
        assert!(matches!(error.problem, HelperProblem::UnknownId(5000)), "{error}");
        for other in others {
            helper_error(other.join().unwrap());
        }
    });
}

#[test]
fn a_flood_of_nothing_is_no_answer() {
    let limit = Duration::from_secs(2);
    let cache = builder(r#"floods " ""#).reply_deadline(limit).start().unwrap();
    let error = fails(&cache, 1);
    assert!(matches!(error.problem, HelperProblem::NoAnswer { .. }), "{error}");
}

#[test]
fn a_reply_that_never_ends_is_garbage() {
    let cache = builder(r#"floods '{"ID":[{'"#).reply_deadline(HANGS).start().unwrap();
    let error = fails(&cache, 1);
    assert!(matches!(error.problem, HelperProblem::Garbage(_)), "{error}");
}

#[test]
fn a_source_that_hangs_holds_up_others_no_longer_than_the_deadline() {
    let limit = Duration::from_millis(500);
    let cache = builder("never-answers").reply_deadline(limit).start().unwrap();
    let (let_go, go_on) = crossbeam_channel::bounded::<()>(0);
    thread::scope(|scope| {
        let mut source = OnSecondPass::new(move || {
            go_on.recv().ok();
        });
        let cache = &cache;
        let put = scope.spawn(move || {
            cache.put(&action(0), Source::Seekable(&mut source), &PutOptions::default())
        });
        // Whichever side of the put's beginning this call comes on, it ends.
        let error = helper_error(cache.get(&action(1)));
        drop(let_go);
        helper_error(put.join().unwrap());
        assert!(
            matches!(error.problem, HelperProblem::NotReading(_) | HelperProblem::NoAnswer { .. }),
            "{error}"
        );
    });
}

#[test]
fn a_source_that_panics_takes_only_the_helper_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = start(&support::serves(&folder));
    let put = thread::scope(|scope| {
        let put = || {
            let mut source = OnSecondPass::new(|| panic!("on purpose"));
            cache.put(&action(0), Source::Seekable(&mut source), &PutOptions::default())
        };
        scope.spawn(put).join()
    });
    assert!(put.is_err());
    let error = helper_error(cache.get(&action(0)));
    assert!(matches!(error.problem, HelperProblem::HalfSent), "{error}");
}

#[test]
fn a_failure_is_no_other_caches_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (start(&support::serves(&folder)), start("after 1 oops"));
    fails(&bad, 1);
    good.put_bytes(&action(1), b"x").unwrap();
    assert!(good.get(&action(1)).unwrap().is_hit());
    good.close().unwrap();
    assert!(matches!(good.get(&action(1)), Err(Error::Closed)));
}

/// Four MiB of zeros; does something in the middle of the second pass.
struct OnSecondPass<F> {
    left: usize,
    pass: u32,
    act: F,
}

impl<F: FnMut()> OnSecondPass<F> {
    fn new(act: F) -> Self {
        Self { left: 0, pass: 0, act }
    }
}

impl<F: FnMut()> Read for OnSecondPass<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pass == 2 && self.left < 2 << 20 {
            (self.act)();
        }
        let n = self.left.min(buffer.len());
        self.left -= n;
        buffer[..n].fill(0);
        Ok(n)
    }
}

impl<F> io::Seek for OnSecondPass<F> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        assert_eq!(to, io::SeekFrom::Start(0));
        (self.left, self.pass) = (4 << 20, self.pass + 1);
        Ok(0)
    }
}
