//! A store in a process of its own, built as what is measured is built.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::bench::rounds::Measured;
use crate::{place, proc};

/// Where in its bucket a store is.
const PREFIX: &str = "go";

/// Where the results are of which a bit is flipped.
const FLIPPED: &str = "flipped";

/// The program that is such a store.
pub(super) struct Program(PathBuf);

impl Program {
    /// Builds it.
    pub(super) fn build(sh: &Shell) -> Result<Self> {
        cmd!(sh, "cargo build --release --package test-stores").run()?;
        let name = format!("test-store{}", std::env::consts::EXE_SUFFIX);
        Ok(Self(place::target()?.join("release").join(name)))
    }

    /// Starts a store with the objects in `folder`, on a line of this kind: `far`, and what is wrong
    /// with it. None at all: it is here.
    pub(super) fn start(&self, folder: &Path, line: &[&str]) -> Result<Store> {
        self.at(folder, PREFIX, line)
    }

    /// Starts a store, far away, in which a bit of each result of that in `folder` is flipped.
    pub(super) fn start_flipped(&self, folder: &Path) -> Result<Store> {
        let status = Command::new(&self.0).arg("flip").arg(folder).args([PREFIX, FLIPPED]).status();
        ensure!(status?.success(), "bench: no store could be damaged");
        self.at(folder, FLIPPED, &["far"])
    }

    fn at(&self, folder: &Path, prefix: &str, line: &[&str]) -> Result<Store> {
        fs::create_dir_all(folder)?;
        let mut command = Command::new(&self.0);
        command.arg(folder).arg(prefix).args(line);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("a pipe was asked for")?);
        let mut uri = String::new();
        stdout.read_line(&mut uri)?;
        ensure!(!uri.is_empty(), "bench: the store did not start");
        Ok(Store { child, stdout, uri: uri.trim_end().to_owned() })
    }
}

/// A store that runs. It ends when its input does.
pub(super) struct Store {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(super) uri: String,
}

impl Store {
    /// How much processor time it has taken so far, where the system says so.
    pub(super) fn processor_time(&self) -> Option<Measured> {
        let time = proc::processor_time(self.child.id())?;
        Some(Measured::seconds(time.as_secs_f64()))
    }

    /// Ends it. Returns how many requests there were, in words.
    pub(super) fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.stdout.read_to_string(&mut said)?;
        ensure!(self.child.wait()?.success(), "bench: the store failed");
        Ok(said.trim_end().to_owned())
    }
}
