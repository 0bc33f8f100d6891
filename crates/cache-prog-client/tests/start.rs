//! Starting a helper.

mod support;

use std::error::Error as _;
use std::path::PathBuf;
use std::process::Command as Program;
use std::time::Duration;

use cache_core::Cache;
use cache_prog_client::{HelperError, HelperProblem, ProgCache, StartError};
use support::{action, builder, command, helper_error, program, start};

fn fails(command: &str) -> StartError {
    ProgCache::builder(command, "/fuzz").start().unwrap_err()
}

#[track_caller]
fn failure(script: &str) -> HelperError {
    match builder(script).start_deadline(Duration::from_secs(60)).start() {
        Err(StartError::Helper(error)) => error,
        other => panic!("expected a helper's error, not {other:?}"),
    }
}

#[test]
fn an_empty_command_is_refused() {
    for command in ["", " \t"] {
        assert_eq!(fails(command).to_string(), "the cache helper's command is empty");
    }
}

#[test]
fn a_quote_without_an_end_is_refused_with_the_command() {
    assert_eq!(
        fails("helper 'a b").to_string(),
        r#"cannot read the cache helper's command "helper 'a b": unterminated ' string"#
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = fails("/no/such/helper --flag");
    assert!(matches!(&error, StartError::Spawn { program, .. } if program == "/no/such/helper"));
    let message = error.to_string();
    assert!(message.starts_with(r#"cannot start cache helper "/no/such/helper": "#), "{message}");
    assert!(error.source().is_some());
}

#[test]
fn quoted_arguments_reach_the_helper_as_they_are() {
    let error = failure(r#"says "it's   here" 3"#);
    assert!(matches!(&error.problem, HelperProblem::Garbage(e) if e.byte == 0), "{error}");
    assert!(error.to_string().contains("'i'"), "{error}");
}

#[test]
fn a_helper_that_exits_at_once_is_an_error_with_its_status() {
    let error = failure("says '' 7");
    assert!(matches!(error.problem, HelperProblem::Exited), "{error}");
    assert_eq!(error.status.unwrap().code(), Some(7));
    let program = program("scripted-helper");
    assert_eq!(
        error.to_string(),
        format!(
            "cache helper {:?} has exited ({})",
            program.display().to_string(),
            "exit status: 7"
        )
    );
}

#[test]
fn a_helper_that_writes_garbage_is_an_error_with_the_place() {
    let error = failure("says 'usage: helper [-v]' 2");
    let HelperProblem::Garbage(wire) = &error.problem else { panic!("{error}") };
    assert_eq!((wire.message, wire.byte), (1, 0));
    assert!(error.to_string().contains("message 1, byte 0"), "{error}");
}

#[test]
fn json_of_another_shape_is_garbage() {
    for text in ["[1]", "12", r#"{"ID":"one"}"#, r#"{"ID":0,"KnownCommands":"get"}"#] {
        let error = failure(&format!("says '{text}' 0"));
        assert!(matches!(error.problem, HelperProblem::Garbage(_)), "{text}: {error}");
    }
}

#[test]
fn a_helper_that_declares_nothing_is_an_error_with_what_it_says() {
    let error = failure(r#"says '{"ID":0}' 0"#);
    assert!(matches!(error.problem, HelperProblem::DeclaredNothing { .. }), "{error}");
    let error = failure(r#"says '{"ID":0,"KnownCommands":[],"Err":"no disk"}' 0"#);
    assert!(error.to_string().contains(r#"declared no commands, with the error "no disk""#));
}

#[test]
fn a_helper_that_answers_before_it_declares_is_an_error() {
    let error = failure(r#"says '{"ID":1,"KnownCommands":["get"]}' 0"#);
    assert!(matches!(error.problem, HelperProblem::UnknownId(1)), "{error}");
}

#[test]
fn a_helper_that_never_declares_is_given_up_after_the_deadline() {
    let limit = Duration::from_millis(50);
    let started = builder("never-declares").start_deadline(limit).start();
    let Err(StartError::Helper(error)) = started else { panic!("{started:?}") };
    assert!(matches!(error.problem, HelperProblem::NeverDeclared(l) if l == limit), "{error}");
    assert!(error.to_string().contains("did not say within 50ms what it can do"), "{error}");
}

#[test]
fn declarations_are_read_as_go_reads_them() {
    let pretty = "{\n  \"id\": 0,\n  \"knowncommands\": [\"get\", \"get2\"],\n  \"Err\": null\n}";
    // A command that nobody knows is one all the same.
    start(&format!("says '{pretty}'"));
}

#[test]
fn the_environment_has_what_was_set() {
    let cache = builder("replies-with-variable OF_THIS_TEST")
        .env("OF_THIS_TEST", "a value")
        .start()
        .unwrap();
    let error = helper_error(cache.get(&action(1)));
    assert!(error.to_string().ends_with(r#"answers a get with the error "a value""#), "{error}");
}

#[test]
fn the_helpers_stderr_is_that_of_its_user() {
    let output = Program::new(program("put-and-measure"))
        .args([&command("complains 'no room on the server'"), "1"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no room on the server"), "{stderr}");
}

#[test]
fn the_fuzz_dir_is_the_one_that_was_given() {
    assert_eq!(start("never-answers").fuzz_dir(), PathBuf::from("/fuzz"));
}
