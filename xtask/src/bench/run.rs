//! What a replay costs as a whole process: `larder run` beside `bkt`, the nearest tool, and over many
//! inputs beside `git status`, which looks at as many files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::{Measured, Options, Rounds};
use crate::{dist, tool};

/// The version of `bkt` that is measured.
const BKT: &str = "0.8.2";

/// How many files the large tree has, and in how many folders.
const FILES: usize = 10_000;
const FOLDERS: usize = 200;

/// How often each of a pair is run in one round.
const TIMES: usize = 60;

/// Prints the table of replays beside other tools.
pub(super) fn run(sh: &Shell, dir: &Path, options: &Options) -> Result<()> {
    let bkt = tool::find(sh, "bkt", BKT)?;
    let larder = dist::build(sh)?;
    let dir = dir.join("run");
    let pairs = [one_input(&larder, &bkt, &dir)?, many_inputs(sh, &larder, &dir)?];
    let mut measured = Rounds::default();
    for round in 1..=options.rounds {
        eprintln!("xtask: run, round {round} of {}", options.rounds);
        for pair in &pairs {
            for _ in 0..TIMES {
                for (way, process) in [("other", &pair.other), ("larder", &pair.larder)] {
                    measured.insert(format!("{}-{way}", pair.row), process.time()?);
                }
            }
        }
    }
    println!("{:<20} {:>12} {:>16} {:>16} {:>6}", "row", "beside", "its ns", "larder ns", "ratio");
    for Pair { row, beside, .. } in &pairs {
        let other = measured.median(&format!("{row}-other"))?.ns;
        let larder = measured.median(&format!("{row}-larder"))?.ns;
        println!("{row:<20} {beside:>12} {other:>16.0} {larder:>16.0} {:>6.2}", larder / other);
    }
    Ok(())
}

/// Two processes that are compared.
struct Pair {
    row: &'static str,
    beside: &'static str,
    other: Process,
    larder: Process,
}

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
    Ok(Pair { row: "run-hit", beside: "bkt", other, larder })
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
    let other = Process::new(Path::new("git"), &project, dir).args(["status", "--short"]);
    let larder = Process::new(larder, &project, dir)
        .args(["--quiet", "run", "--input", "src", "--", "true"]);
    Ok(Pair { row: "run-10000-inputs", beside: "git status", other, larder })
}

/// A process that is run again and again, with a cache of its own and without the user's settings.
struct Process {
    program: PathBuf,
    args: Vec<String>,
    project: PathBuf,
    home: PathBuf,
}

impl Process {
    fn new(program: &Path, project: &Path, home: &Path) -> Self {
        let (program, project, home) = (program.to_owned(), project.to_owned(), home.to_owned());
        Self { program, args: Vec::new(), project, home }
    }

    fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args = args.map(str::to_owned).into();
        self
    }

    fn time(&self) -> Result<Measured> {
        let variable = |name: &str| (name.to_owned(), self.home.as_os_str().to_owned());
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(&self.project)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(["HOME", "TMPDIR", "BKT_CACHE_DIR"].map(variable))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let begun = Instant::now();
        let status = command.status();
        let took = begun.elapsed();
        let name = self.program.file_name().unwrap_or(OsStr::new("it")).to_string_lossy();
        let status = status.with_context(|| format!("bench: cannot run {name}"))?;
        ensure!(status.success(), "bench: {name} {:?}: {status}", self.args);
        Ok(Measured { ns: took.as_secs_f64() * 1e9, mb: 0.0 })
    }
}
