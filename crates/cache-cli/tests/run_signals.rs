//! `larder run`: signals reach the command, and nothing of what they end is stored.

#![cfg(unix)]

mod project;
mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use project::{Beside, Project};
use rustix::process::Signal;
use support::Ran;

#[test]
fn ctrl_c_ends_the_command_and_larder_and_leaves_no_entry() {
    let project = Project::new();
    let script =
        "echo ran >> $RAN; echo half > out.txt; [ -e ../go ] || sleep 1000; echo whole > out.txt";
    let flags = ["--output", "out.txt"];
    let mut run = Beside::start(&mut project.command(&flags, script));
    project.wait_for_times(1);
    run.interrupt();
    let (status, _, stderr) = run.end();
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{status}: {stderr}");
    project.assert_clean();
    project.larder.file("go", "");
    project.run(&flags, script).stored();
    assert_eq!((project.times(), project.read("out.txt")), (2, "whole\n".into()));
}

#[test]
fn a_command_that_survives_ctrl_c_is_not_stored_either() {
    let project = Project::new();
    let script = "trap 'echo trapped; exit 0' INT; echo ran >> $RAN; while :; do sleep 0.01; done";
    for times in 1..=2 {
        let run = Beside::start(&mut project.command(&[], script));
        project.wait_for_times(times);
        run.signal_group(Signal::INT);
        let (status, stdout, stderr) = run.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), "trapped\n"), "{stderr}");
        assert!(stderr.contains("not stored: it was interrupted"), "{stderr}");
    }
    project.assert_clean();
}

#[test]
fn a_signal_to_larder_alone_is_passed_on() {
    let project = Project::new();
    for (name, signal) in [("TERM", Signal::TERM), ("HUP", Signal::HUP)] {
        let script = format!(
            "trap 'echo trapped; exit 3' {name}; echo ran >> $RAN; while :; do sleep 0.01; done"
        );
        let before = project.times();
        let run = Beside::start(&mut project.command(&["--cache-failures"], &script));
        project.wait_for_times(before + 1);
        run.signal(signal);
        let (status, stdout, stderr) = run.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(3), "trapped\n"), "{stderr}");
        assert!(stderr.contains("not stored: it was interrupted"), "{stderr}");

        let run = Beside::start(&mut project.command(&[], "echo ran >> $RAN; exec sleep 1000"));
        project.wait_for_times(before + 2);
        run.signal(signal);
        assert_eq!(run.end().0.signal(), Some(signal.as_raw()));
    }
    project.assert_clean();
}

#[test]
fn a_command_that_a_signal_ended_is_never_stored() {
    let project = Project::new();
    for times in 1..=2 {
        let ran = project.run(&["--cache-failures"], "echo ran >> $RAN; kill -9 $$");
        assert_eq!((ran.code, project.times()), (Some(128 + 9), times));
        assert!(ran.stderr.contains("not stored: signal 9 ended it"), "{}", ran.stderr);
    }
}

#[test]
fn who_waits_for_an_equal_run_can_be_interrupted() {
    let project = Project::new();
    let script = "echo ran >> $RAN; while [ ! -e ../go ]; do sleep 0.01; done";
    let first = Beside::start(&mut project.command(&[], script));
    project.wait_for_times(1);
    let mut second = Beside::start(&mut project.command(&[], script));
    second.wait_for("waiting for its result");
    second.interrupt();
    assert_eq!(second.end().0.signal(), Some(Signal::INT.as_raw()));
    project.larder.file("go", "");
    assert!(first.end().0.success());
    assert_eq!(project.times(), 1);
    project.assert_clean();
}

/// As `nohup` starts it.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_is_ignored_stays_ignored() {
    let project = Project::new();
    let larder = project.command(&[], "kill -HUP $PPID; kill -HUP $$; echo alive");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(larder.get_program());
    command.args(larder.get_args()).current_dir(project.path(""));
    let ran = Ran::of(&mut command).stored();
    assert_eq!((ran.code, ran.text()), (Some(0), "alive\n".into()));
}
