//! `larder run` killed at any moment: no wrong replay, no lock that stays, nothing bad in the cache.
//!
//! The variables of `test_attacks` replay a run and say how often it kills.

#![cfg(unix)]

mod project;
mod support;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use project::{DEADLINE, Project, temporaries, wait_until};
use rustix::process::{Pid, Signal, kill_process_group};
use support::Ran;
use test_attacks::Attack;

/// What the command makes of its input: in pieces, so that most moments are in the middle.
const SCRIPT: &str = "n=$(cat in.txt); mkdir -p out; \
                      for i in 1 2 3 4 5 6; do \
                        yes \"$n $i\" | head -n 3000 > out/$i; echo \"said $n $i\"; echo \"aside $n $i\" >&2; \
                      done";

const FLAGS: [&str; 4] = ["--input", "in.txt", "--output", "out"];

/// How many contents the input has in turn: each is run, killed and replayed many times.
const CONTENTS: u64 = 5;

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_nothing_wrong() {
    let mut attack = Attack::new("run", 40);
    let project = Project::new();
    let whole = measure(&project);
    let mut killed = 0;
    while attack.goes_on() {
        let round = attack.round();
        let dice = &mut attack.dice;
        let n = dice.up_to(CONTENTS);
        project.write("in.txt", n.to_string());
        if dice.up_to(2) == 0 {
            forget(&project);
        }
        // A replay takes a small part of the time that the command does.
        let span = if dice.up_to(2) == 0 { whole } else { whole / 8 };
        let moment = dice.part_of(span);
        let to_group = dice.up_to(4) == 0;
        killed += u64::from(kill_at(&project, moment, to_group));
        if dice.up_to(3) == 0 {
            check(&project, n, round);
        }
    }
    for n in 0..CONTENTS {
        project.write("in.txt", n.to_string());
        check(&project, n, attack.round());
        check(&project, n, attack.round());
    }
    let text = project.larder.run(["verify"]).ok();
    assert!(text.contains(" 0 bad"), "{text}");
    let locks = project.larder.dir().join("larder/locks");
    let left = fs::read_dir(locks).map_or(0, |locks| locks.count());
    assert!(left <= 2 * CONTENTS as usize, "{left} locks");
    attack.held("runs killed", format!("{killed} before they had ended"));
}

/// How long a run takes when nobody kills it.
fn measure(project: &Project) -> Duration {
    let begun = Instant::now();
    project.run(&FLAGS, SCRIPT);
    begun.elapsed()
}

/// Removes every entry, so that the next run is a miss.
fn forget(project: &Project) {
    project.larder.run(["clean"]);
}

/// Kills a run that long after its start; whether it had not ended by then.
fn kill_at(project: &Project, moment: Duration, to_group: bool) -> bool {
    let mut command = project.command(&FLAGS, SCRIPT);
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    thread::sleep(moment);
    // Before it is waited for: its number is nobody else's until then.
    if to_group {
        kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
    }
    let was_running = child.try_wait().unwrap().is_none_or(|status| status.signal().is_some());
    child.kill().ok();
    child.wait().unwrap();
    was_running
}

/// Runs to the end, with other bytes in the outputs' places; what is there afterwards must be
/// right, whether it was replayed or not.
fn check(project: &Project, n: u64, round: u64) {
    fs::remove_dir_all(project.path("out")).ok();
    project.write("out/3", "something else");
    let ran = finish(project.command(&FLAGS, SCRIPT));
    let what = format!("round {round}: {}", ran.stderr);
    assert_eq!(ran.code, Some(0), "{what}");
    let lines = |word: &str| (1..=6).map(|i| format!("{word} {n} {i}\n")).collect::<String>();
    assert_eq!((ran.text(), ran.said()), (lines("said"), lines("aside")), "{what}");
    for i in 1..=6 {
        assert_eq!(project.read(format!("out/{i}")), format!("{n} {i}\n").repeat(3000), "{what}");
    }
    let stored = ["larder: replayed", "and stored"];
    assert!(stored.iter().any(|stored| ran.stderr.contains(stored)), "{what}");
    // Those of a run that was killed while it replayed may be there, but nobody's output is.
    for path in temporaries(&project.path("")) {
        fs::remove_file(path).unwrap();
    }
}

/// What a command gives, which has to end.
fn finish(mut command: Command) -> Ran {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = thread::spawn(move || Child::wait_with_output(child));
    wait_until(&format!("the run ends within {DEADLINE:?}"), || output.is_finished());
    Ran::from(output.join().unwrap().unwrap())
}
