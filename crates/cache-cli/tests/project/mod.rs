//! A project in which `larder run` is called, with a cache of its own.

#![allow(dead_code, reason = "every test file uses its part of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::{Larder, Ran};

/// Only turns a hang into a failure.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A folder with a `.git`, in which commands run, beside the cache.
pub struct Project {
    pub larder: Larder,
}

impl Project {
    /// One with an input, `in.txt`.
    pub fn new() -> Self {
        let project = Self { larder: Larder::new() };
        fs::create_dir_all(project.path(".git")).expect("a project");
        project.write("in.txt", "the input\n");
        project
    }

    /// A path in the project.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.larder.path("project").join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file of the project");
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    pub fn remove(&self, name: impl AsRef<Path>) {
        let path = self.path(name);
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.expect("a file of the project to remove");
    }

    /// `larder run FLAGS -- sh -c SCRIPT`. In the script, `$RAN` is a file to which it says that it
    /// ran: not in the project, so that it is nobody's input.
    pub fn command(&self, flags: &[&str], script: &str) -> Command {
        let mut command = self.bare(flags);
        command.args(["--", "sh", "-c", script]);
        command
    }

    /// `larder run FLAGS`.
    pub fn bare<A: AsRef<OsStr>>(&self, flags: &[A]) -> Command {
        let mut command = self.larder.command();
        command.arg("run").args(flags).current_dir(self.path("")).env("RAN", self.ran());
        command
    }

    pub fn run(&self, flags: &[&str], script: &str) -> Ran {
        Ran::of(&mut self.command(flags, script))
    }

    /// [`run`](Self::run) with `in.txt` as input and `out.txt` as output.
    pub fn in_out(&self, script: &str) -> Ran {
        self.run(&["--input", "in.txt", "--output", "out.txt"], script)
    }

    fn ran(&self) -> PathBuf {
        self.larder.path("ran")
    }

    /// How many lines scripts have said to `$RAN`.
    pub fn times(&self) -> usize {
        fs::read_to_string(self.ran()).map_or(0, |text| text.lines().count())
    }

    /// Waits until scripts have said that many.
    pub fn wait_for_times(&self, times: usize) {
        wait_until("the command runs", || self.times() >= times);
    }

    /// The check-up finds nothing bad in the cache, and no lock or temporary file was left behind.
    pub fn assert_clean(&self) {
        let text = self.larder.run(["verify"]).ok();
        assert!(text.contains(" 0 bad"), "{text}");
        let locks = fs::read_dir(self.larder.dir().join("larder/locks"));
        let locks: Vec<_> = locks.into_iter().flatten().flatten().map(|lock| lock.path()).collect();
        assert!(locks.is_empty(), "{locks:?}");
        let temporaries = temporaries(&self.path(""));
        assert!(temporaries.is_empty(), "{temporaries:?}");
    }
}

/// The temporary files of restored outputs in a folder.
pub fn temporaries(folder: &Path) -> Vec<PathBuf> {
    let files = crate::support::files(folder).into_iter().map(|(path, _)| path);
    files.filter(|path| path.to_string_lossy().contains(".larder-")).collect()
}

pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < DEADLINE, "waited too long until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

impl Ran {
    /// That the command ran, and its result was stored.
    pub fn stored(self) -> Self {
        self.ends(" and stored")
    }

    /// That it was replayed.
    pub fn replayed(self) -> Self {
        self.ends("larder: replayed")
    }

    fn ends(self, with: &str) -> Self {
        let last = self.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("larder: ") && last.contains(with), "{with:?}: {}", self.stderr);
        self
    }

    /// stderr without what larder says.
    pub fn said(&self) -> String {
        let lines = self.stderr.split_inclusive('\n');
        lines.filter(|line| !line.starts_with("larder: ")).collect()
    }
}

/// A `larder` that runs beside the test, with pipes for its streams.
pub struct Beside {
    pub child: Child,
}

impl Beside {
    pub fn start(command: &mut Command) -> Self {
        let command = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().expect("a larder") }
    }

    /// Reads stderr until a line has `text` in it.
    pub fn wait_for(&mut self, text: &str) {
        let stderr = self.child.stderr.as_mut().expect("a pipe");
        let found = BufReader::with_capacity(1, stderr)
            .lines()
            .any(|line| line.expect("a line").contains(text));
        assert!(found, "it never says {text:?}");
    }

    /// Sends a signal to its process alone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a process");
    }

    /// Sends a signal to its whole group, as a terminal does.
    pub fn signal_group(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).expect("a process group");
    }

    /// Presses Ctrl-C until it has ended: a shell may lose one while it starts a process.
    pub fn interrupt(&mut self) {
        wait_until("it is interrupted", || {
            self.signal_group(Signal::INT);
            thread::sleep(Duration::from_millis(50));
            self.child.try_wait().expect("a status").is_some()
        });
    }

    /// What it wrote since, and how it ended.
    pub fn end(mut self) -> (std::process::ExitStatus, String, String) {
        let mut stdout = self.child.stdout.take().expect("a pipe");
        let reading = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("its stdout");
            text
        });
        let mut stderr = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("its stderr");
        let mut status = None;
        wait_until("it ends", || {
            status = self.child.try_wait().expect("a status");
            status.is_some()
        });
        (status.expect("a status"), reading.join().expect("a reader"), stderr)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
        }
        self.child.wait().ok();
    }
}
