//! `larder run`: equal runs at the same time.

#![cfg(unix)]

mod project;
mod support;

use std::fs;

use project::{Beside, Project, wait_until};

const WAITING: &str = "is running the same: waiting for its result";

#[test]
fn two_equal_runs_run_the_command_once() {
    let project = Project::new();
    let script = "echo ran >> $RAN; while [ ! -e ../go ]; do sleep 0.01; done; echo said; cat in.txt > out.txt";
    let flags = ["--input", "in.txt", "--output", "out.txt"];
    let first = Beside::start(&mut project.command(&flags, script));
    project.wait_for_times(1);
    let mut others: Vec<_> =
        (0..3).map(|_| Beside::start(&mut project.command(&flags, script))).collect();
    for other in &mut others {
        other.wait_for(&format!("process {} {WAITING}", first.child.id()));
    }
    project.larder.file("go", "");
    for (i, run) in [first].into_iter().chain(others).enumerate() {
        let (status, stdout, stderr) = run.end();
        assert!(status.success(), "{stderr}");
        assert_eq!(stdout, "said\n");
        assert!(stderr.contains(if i == 0 { "and stored" } else { "replayed" }), "{stderr}");
    }
    assert_eq!((project.times(), project.read("out.txt")), (1, "the input\n".into()));
    project.assert_clean();
}

#[test]
fn different_runs_do_not_wait_for_each_other() {
    let project = Project::new();
    let script = |n: u32| {
        format!("echo ran >> $RAN; while [ $(wc -l < $RAN) -lt 2 ]; do sleep 0.01; done; : {n}")
    };
    let runs = [1, 2].map(|n| Beside::start(&mut project.command(&[], &script(n))));
    for run in runs {
        let (status, _, stderr) = run.end();
        assert!(status.success() && stderr.contains("and stored"), "{stderr}");
    }
}

#[test]
fn a_run_that_failed_is_followed_by_the_next() {
    let project = Project::new();
    let script = "echo ran >> $RAN; while [ ! -e ../go ]; do sleep 0.01; done; exit 4";
    let first = Beside::start(&mut project.command(&[], script));
    project.wait_for_times(1);
    let mut second = Beside::start(&mut project.command(&[], script));
    second.wait_for(WAITING);
    project.larder.file("go", "");
    for run in [first, second] {
        assert_eq!(run.end().0.code(), Some(4));
    }
    assert_eq!(project.times(), 2);
    project.assert_clean();
}

#[test]
fn the_second_takes_over_when_the_first_is_killed() {
    let project = Project::new();
    // Killed with its larder, as the direct child.
    let script = "echo ran >> $RAN; [ -e ../go ] || exec sleep 1000; cat in.txt > out.txt";
    let flags = ["--input", "in.txt", "--output", "out.txt"];
    let mut first = Beside::start(&mut project.command(&flags, script));
    project.wait_for_times(1);
    let mut second = Beside::start(&mut project.command(&flags, script));
    second.wait_for(WAITING);
    project.larder.file("go", "");
    first.child.kill().unwrap();
    let (status, _, stderr) = second.end();
    assert!(status.success() && stderr.contains("and stored"), "{stderr}");
    assert_eq!((project.times(), project.read("out.txt")), (2, "the input\n".into()));
    project.assert_clean();
    first.child.wait().unwrap();
}

/// On Linux the command itself is killed with its larder, but not what it started.
#[test]
fn what_a_killed_run_has_started_is_waited_for() {
    let project = Project::new();
    let script = "echo ran >> $RAN; \
                  if [ ! -e ../killed ]; then \
                    (while [ -e in.txt -a ! -e ../release ]; do sleep 0.01; done; echo late > out.txt; touch ../late) & \
                    touch ../started; wait; \
                  fi; \
                  cat in.txt > out.txt";
    let flags = ["--input", "in.txt", "--output", "out.txt"];
    let mut first = Beside::start(&mut project.command(&flags, script));
    let started = project.larder.path("started");
    wait_until("it has started something", || started.exists());
    project.larder.file("killed", "");
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = Beside::start(&mut project.command(&flags, script));
    second.wait_for("what it started still runs");
    assert_eq!(project.times(), 1);
    project.larder.file("release", "");
    let (status, _, stderr) = second.end();
    assert!(status.success() && stderr.contains("and stored"), "{stderr}");
    assert!(project.larder.path("late").exists());
    assert_eq!((project.times(), project.read("out.txt")), (2, "the input\n".into()));
    project.remove("out.txt");
    project.run(&flags, script).replayed();
    assert_eq!(project.read("out.txt"), "the input\n");
    project.assert_clean();
}

#[test]
fn something_left_running_keeps_the_result_out_of_the_cache_and_holds_no_lock() {
    let project = Project::new();
    // It holds stdout, and would write to it later.
    let script = "echo ran >> $RAN; (while [ -e in.txt -a ! -e ../release ]; do sleep 0.05; done; echo late) & echo said";
    let ran = project.run(&[], script);
    assert_eq!((ran.code, ran.text()), (Some(0), "said\n".into()));
    assert!(
        ran.stderr
            .contains("not stored: a process that the command started still holds its stdout"),
        "{}",
        ran.stderr
    );
    project.assert_clean();
    // The next does not wait for it: the first has ended in order.
    project.larder.file("release", "");
    assert!(!project.run(&[], script).stderr.contains("waiting"));
    assert_eq!(project.times(), 2);
}

#[test]
fn where_no_lock_can_be_had_the_command_runs_all_the_same() {
    let project = Project::new();
    fs::create_dir_all(project.larder.dir().join("larder")).unwrap();
    fs::write(project.larder.dir().join("larder/locks"), "a file where the folder should be")
        .unwrap();
    let ran = project.in_out("cat in.txt > out.txt").stored();
    let locks = project.larder.dir().join("larder/locks");
    let told = format!(
        "larder: there is no lock, so that an equal run would run the command too: cannot use the folder {}: ",
        locks.display()
    );
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    project.in_out("cat in.txt > out.txt").replayed();
}
