//! A machine that has nothing, again and again.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::process::Stopwatch;
use crate::bench::rounds::Measured;
use crate::bench::table::number;
use crate::bench::{Bench, empty};
use crate::dist;
use crate::go::Go;

/// A variable of `larder serve`, and its value.
pub(super) type Setting<'a> = (&'a str, &'a str);

/// How long after a build its helper may be there still: uploads go on for 60 s.
const PATIENCE: Duration = Duration::from_secs(90);

/// Builds with a new, empty cache directory each time.
pub(super) struct Machine<'a> {
    bench: &'a Bench,
    go: Go,
    larder: PathBuf,
}

/// A build whose helper may be there still.
pub(super) struct Built {
    took: Measured,
    cache: PathBuf,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bench: &'a Bench) -> Result<Self> {
        Ok(Self { bench, go: Go::find(&bench.sh)?, larder: dist::build(&bench.sh)? })
    }

    /// Times `go build PACKAGE`: with Go's own cache, or with `larder serve` with these settings.
    pub(super) fn build(
        &self,
        row: &str,
        package: &str,
        served: Option<&[Setting]>,
    ) -> Result<Built> {
        let cache = self.bench.dir.join("remote");
        fs::create_dir_all(&cache)?;
        let told = self.bench.dir.join("remote.stderr");
        let mut command = Command::from(self.go.cmd(&self.bench.sh).args(["build", package]));
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in
            ours.filter(|name| name == "CI" || name.to_string_lossy().starts_with("LARDER_"))
        {
            command.env_remove(name);
        }
        command.env("GOCACHE", &cache).stdout(Stdio::null()).stderr(File::create(&told)?);
        if let Some(settings) = served {
            command.env("GOCACHEPROG", format!("'{}' serve -v", self.larder.display()));
            command.envs(settings.iter().copied());
        }
        let watch = Stopwatch::start();
        let status = command.status();
        let took = watch.stop();
        let told = fs::read_to_string(&told)?;
        eprint!("xtask: remote, {row}: {}\n{told}", number(took.value, took.unit));
        let status = status.context("bench: cannot run go")?;
        ensure!(status.success(), "bench: go build {package}: {status}");
        Ok(Built { took, cache })
    }
}

impl Built {
    /// Waits for the end of the helper, so that it disturbs nothing that comes after it, and removes
    /// the directory.
    pub(super) fn end(self) -> Result<Measured> {
        let begun = Instant::now();
        while is_in_use(&self.cache)? {
            if begun.elapsed() > PATIENCE {
                bail!("bench: a helper is there still, {} s after its build", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
        empty(&self.cache)?;
        Ok(self.took)
    }
}

/// Whether a process holds on to a journal of uploads, which one with a store does to its end.
fn is_in_use(cache: &Path) -> Result<bool> {
    let Ok(stores) = fs::read_dir(cache.join("larder/uploads")) else { return Ok(false) };
    for store in stores {
        for journal in fs::read_dir(store?.path())? {
            // One that is gone belongs to nobody.
            let Ok(journal) = File::open(journal?.path()) else { continue };
            match journal.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(true),
                Err(TryLockError::Error(e)) => return Err(e.into()),
            }
        }
    }
    Ok(false)
}
