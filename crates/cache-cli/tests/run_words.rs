//! `larder run`: what it says, and how often.

#![cfg(unix)]

mod project;
mod support;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use project::{Beside, Project};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use support::Ran;

#[test]
fn an_input_that_the_command_makes_is_said_to_be_an_output() {
    let project = Project::new();
    let run = |script: &str| project.run(&["--input", "."], script).stderr;
    let made = run("touch made");
    assert!(
        made.contains("input made was added while the command ran; if the command makes it,")
            && made.contains("--output"),
        "{made}"
    );
    let made = run("touch a b");
    assert!(made.contains("inputs a and 1 more were added while the command ran; if"), "{made}");
    let changed = run("echo >> a; echo >> b; echo >> in.txt");
    assert!(changed.contains("inputs a and 2 more changed while the command ran"), "{changed}");
    let removed = run("rm a");
    assert!(removed.contains("input a was removed while the command ran"), "{removed}");
}

#[test]
fn a_failure_says_its_code_and_the_flag_that_stores_it() {
    let project = Project::new();
    let run = |flags: &[&str]| project.run(&[flags, &["--explain"]].concat(), "exit 5").stderr;
    run(&[]);
    let told = run(&[]);
    assert!(told.contains("but that failed with exit code 5; --cache-failures stores"), "{told}");
    let told = run(&["--cache-failures"]);
    assert!(told.contains("exit code 5, and failures were not to be stored\n"), "{told}");
    assert!(told.contains("larder: failed with exit code 5 in "), "{told}");
    let told = run(&[]);
    assert!(told.contains("but that failed with exit code 5; --cache-failures stores"), "{told}");
}

#[test]
fn the_log_has_the_key_and_what_became_of_it() {
    let project = Project::new();
    let run = || project.run(&["-v", "--output", "out"], "echo 1 > out").stderr;
    let (first, second) = (run(), run());
    let key = |line: &str| line.split("key=").nth(1).map(|key| key[..64].to_owned());
    let keys: Vec<_> =
        [&first, &second].iter().flat_map(|log| log.lines()).filter_map(key).collect();
    assert!(keys.len() >= 4 && keys.iter().all(|key| *key == keys[0]), "{first}{second}");
    assert!(
        first.contains("no result to replay") && first.contains("stored the result"),
        "{first}"
    );
    assert!(second.contains("replaying the result"), "{second}");
}

/// A helper that is a shell script.
fn helper(project: &Project, script: &str) -> PathBuf {
    let path = project.larder.file("helper", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const DECLARE: &str = r#"echo '{"ID":0,"KnownCommands":["get","put","close"]}'"#;

#[test]
fn a_helper_that_dies_later_is_told_once_and_the_command_runs() {
    let project = Project::new();
    let helper = helper(&project, &format!("{DECLARE}; read request; exit 1"));
    let mut command = project.command(&["--explain"], "echo ran >> $RAN; echo said");
    let ran = Ran::of(command.env("LARDER_PROG", &helper));
    assert_eq!((ran.code, ran.text(), project.times()), (Some(0), "said\n".into(), 1));
    assert_eq!(ran.stderr.matches("has exited").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot replay, so the command is run: "), "{}", ran.stderr);
    assert!(ran.stderr.trim_end().ends_with(", and not stored"), "{}", ran.stderr);
}

#[test]
fn a_helper_that_does_not_answer_is_told_while_it_is_waited_for() {
    let project = Project::new();
    let go = project.larder.path("go");
    let script = format!(
        "{DECLARE}; read request; while [ ! -e {} ]; do sleep 0.05; done; exit 1",
        go.display()
    );
    let helper = helper(&project, &script);
    let mut beside = Beside::start(project.command(&[], "echo said").env("LARDER_PROG", &helper));
    beside.wait_for("still waiting for the cache helper");
    fs::write(&go, "").unwrap();
    let (status, stdout, stderr) = beside.end();
    assert!(status.success() && stdout == "said\n", "{stderr}");
}

/// What a terminal shows of a run.
fn on_a_terminal(project: &Project, flags: &[&str], script: &str) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let screen = File::options().read(true).write(true).open(name).unwrap();
    let mut command = project.command(flags, script);
    command.stdout(screen.try_clone().unwrap()).stderr(screen);
    let mut child = command.spawn().unwrap();
    // It holds the terminal's other end, which has to be closed before this one ends.
    drop(command);
    let mut shown = Vec::new();
    // Linux ends it with an error.
    File::from(terminal).read_to_end(&mut shown).ok();
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap().replace('\r', "")
}

#[test]
fn on_a_terminal_the_closing_line_has_a_line_of_its_own() {
    let project = Project::new();
    for script in ["printf said", "printf said >&2", "echo said"] {
        for came in ["ran in ", "replayed, "] {
            let shown = on_a_terminal(&project, &[], script);
            assert!(shown.starts_with(&format!("said\nlarder: {came}")), "{shown:?}");
        }
        assert_eq!(on_a_terminal(&project, &["-q"], script).trim_end_matches('\n'), "said");
    }
}
