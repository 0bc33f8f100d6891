//! A process that is run again and again, with a cache of its own and without the user's settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::rounds::{Measured, Rounds};
use crate::proc;

pub(super) struct Process {
    program: PathBuf,
    args: Vec<OsString>,
    /// Where it runs.
    dir: PathBuf,
    /// What it takes for the user's folder and for that of temporary files.
    home: PathBuf,
}

impl Process {
    pub(super) fn new(program: impl Into<PathBuf>, dir: &Path, home: &Path) -> Self {
        let (dir, home) = (dir.to_owned(), home.to_owned());
        Self { program: program.into(), args: Vec::new(), dir, home }
    }

    pub(super) fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Ready to start, with nothing to read, and with nobody who reads.
    pub(super) fn command(&self) -> Command {
        let variable = |name: &str| (name.to_owned(), self.home.as_os_str().to_owned());
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(["HOME", "TMPDIR", "BKT_CACHE_DIR"].map(variable))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// From its start to its end.
    pub(super) fn time(&self) -> Result<Measured> {
        let mut command = self.command();
        let watch = Stopwatch::start();
        let status = command.status();
        let took = watch.stop();
        let status = status.with_context(|| format!("bench: cannot run {self}"))?;
        ensure!(status.success(), "bench: {self}: {status}");
        Ok(took)
    }

    /// The most memory that it had resident. `None` where the system does not show it.
    ///
    /// The kernel's own account of a process that has ended also counts what its parent had when it
    /// forked, so the running process is asked, again and again. To ask costs time: such a run is not
    /// timed.
    pub(super) fn peak_memory(&self) -> Result<Option<Measured>> {
        let mut child =
            self.command().spawn().with_context(|| format!("bench: cannot run {self}"))?;
        let begun = Instant::now();
        let mut peak = None;
        loop {
            peak = memory(child.id(), "VmHWM").max(peak);
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "bench: {self}: {status}");
                return Ok(peak.map(Measured::bytes));
            }
            // A short one is asked without a pause, else it has ended before the first answer.
            if begun.elapsed() > Duration::from_millis(100) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Two processes that are compared.
pub(super) struct Pair {
    pub(super) row: &'static str,
    pub(super) other: Process,
    pub(super) larder: Process,
}

/// Runs both of each pair in turn, so many times a round. Gives the others' measurements and ours.
pub(super) fn in_turn(
    table: &str,
    pairs: &[Pair],
    rounds: usize,
    times: usize,
) -> Result<(Rounds, Rounds)> {
    let (mut others, mut ours) = (Rounds::default(), Rounds::default());
    for round in 1..=rounds {
        eprintln!("xtask: {table}, round {round} of {rounds}");
        for Pair { row, other, larder } in pairs {
            for _ in 0..times {
                others.insert(row, other.time()?);
                ours.insert(row, larder.time()?);
            }
        }
    }
    Ok((others, ours))
}

pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Stopwatch(Instant::now())
    }

    pub(super) fn stop(self) -> Measured {
        Measured::seconds(self.0.elapsed().as_secs_f64())
    }
}

/// A field of a running process's status, in bytes. `None`: no such field, as of one that has ended.
pub(super) fn memory(process: u32, field: &str) -> Option<u64> {
    proc::bytes(&format!("/proc/{process}/status"), field)
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.program.file_name().unwrap_or_default().display())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.display()))
    }
}
