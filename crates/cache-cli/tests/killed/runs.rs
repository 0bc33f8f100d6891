//! `larder run` among the processes that are killed.

use std::fs;
use std::process::Command;

use test_attacks::Dice;

use crate::project::{Beside, Project, temporaries};

/// What the command makes of its input, in pieces.
const SCRIPT: &str = "n=$(cat in.txt); echo \"said $n\"; \
                      for i in 1 2 3; do yes \"$n $i\" | head -n 2000; done > out.txt";

const FLAGS: [&str; 4] = ["--input", "in.txt", "--output", "out.txt"];

/// How many inputs it has in turn.
pub(crate) const INPUTS: u64 = 6;

/// A run, with a helper in front of the directory or not.
pub(crate) fn command(project: &Project, has_helper: bool) -> Command {
    let mut command = project.command(&FLAGS, SCRIPT);
    if has_helper {
        let (larder, dir) = (env!("CARGO_BIN_EXE_larder"), project.larder.dir());
        command.env("LARDER_PROG", format!("'{larder}' --dir '{}' serve", dir.display()));
    }
    command
}

/// Gives it one of the inputs.
pub(crate) fn give_input(project: &Project, input: u64) {
    project.write("in.txt", input.to_string());
}

/// Runs to the end, over other bytes in the output's place; what is there afterwards must be right,
/// whether it was replayed or not.
pub(crate) fn check(project: &Project, dice: &mut Dice) {
    project.write("out.txt", "something else");
    let (status, stdout, stderr) = Beside::start(&mut command(project, dice.one_in(2))).end();
    assert!(status.success(), "{status}: {stderr}");
    let input = project.read("in.txt");
    let input = input.trim_end();
    assert_eq!(stdout, format!("said {input}\n"), "{stderr}");
    let lines = |i| format!("{input} {i}\n").repeat(2000);
    assert!(project.read("out.txt") == (1..=3).map(lines).collect::<String>(), "{stderr}");
    assert!(["larder: replayed", "and stored"].iter().any(|it| stderr.contains(it)), "{stderr}");
    // Those of a run that was killed while it replayed may be there.
    for path in temporaries(&project.path("")) {
        fs::remove_file(path).expect("a temporary file");
    }
}
