//! What a replay costs as a whole process: `larder run` beside `bkt`, the nearest tool, and over many
//! inputs beside `git status`, which looks at as many files.

use std::fs;
use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::process::{Pair, Process, in_turn};
use super::table::Table;
use super::{Bench, empty};
use crate::{dist, tool};

/// The version of `bkt` that is measured.
const BKT: &str = "0.8.2";

/// How many files the large tree has, and in how many folders.
const FILES: usize = 10_000;
const FOLDERS: usize = 200;

/// How often each of a pair is run in one round.
const TIMES: usize = 60;

pub(super) fn table(bench: &Bench) -> Result<Table> {
    let (sh, rounds) = (&bench.sh, bench.options.rounds);
    let bkt = tool::find(sh, "bkt", BKT)?;
    let larder = dist::build(sh)?;
    let dir = bench.dir.join("run");
    let pairs = [one_input(&larder, &bkt, &dir)?, many_inputs(sh, &larder, &dir)?];
    let (other, ours) = in_turn("run", &pairs, rounds, TIMES)?;
    empty(&dir)?;
    let columns = [("the other", &other), ("Larder", &ours)];
    Ok(Table::of("run", "a replay as a whole process", ABOUT, &columns))
}

const ABOUT: &str = "\
`run-hit-beside-bkt` replays what `cat` of a small file said, with that file as the only input; the
other is `bkt`, which runs a command once as well. `run-10000-inputs-beside-git-status` replays
`true` with 10,000 files as inputs; the other is `git status` over the same files.";

/// A hit with one small input; both give back what `cat` printed.
fn one_input(larder: &Path, bkt: &Path, dir: &Path) -> Result<Pair> {
    let project = dir.join("small");
    fs::create_dir_all(&project)?;
    fs::write(project.join("input"), "a small input\n")?;
    let other = Process::new(bkt, &project, dir).args([
        "--ttl=1d",
        "--cwd",
        "--modtime=input",
        "--",
        "cat",
        "input",
    ]);
    let larder = Process::new(larder, &project, dir)
        .args(["--quiet", "run", "--input", "input", "--", "cat", "input"]);
    Ok(Pair { row: "run-hit-beside-bkt", other, larder })
}

/// A hit with all files of a repository as inputs.
fn many_inputs(sh: &Shell, larder: &Path, dir: &Path) -> Result<Pair> {
    let project = dir.join("large");
    for folder in 0..FOLDERS {
        let path = project.join(format!("src/folder-{folder:03}"));
        fs::create_dir_all(&path)?;
        for file in 0..FILES / FOLDERS {
            fs::write(path.join(format!("file-{file:02}.c")), format!("int f{folder}_{file};\n"))?;
        }
    }
    let git = |args: &[&str]| {
        cmd!(sh, "git -C {project} -c user.name=bench -c user.email=bench@example.com {args...}")
            .quiet()
            .ignore_stdout()
            .run()
    };
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "--message", "all"])?;
    // What was written within the last two seconds is read again by either of them.
    std::thread::sleep(std::time::Duration::from_secs(3));
    git(&["status"])?;
    let other = Process::new("git", &project, dir).args(["status", "--short"]);
    let larder = Process::new(larder, &project, dir)
        .args(["--quiet", "run", "--input", "src", "--", "true"]);
    Ok(Pair { row: "run-10000-inputs-beside-git-status", other, larder })
}
