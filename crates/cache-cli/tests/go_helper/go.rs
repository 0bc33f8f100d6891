//! A `go` to run, with a cache directory and a module of its own.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::{Ran, bare, files, unused_for_days};

/// How long anything is waited for. It only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// Who keeps the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The go command itself.
    Go,
    /// `larder serve`.
    Larder,
}

/// A scratch folder, with a cache directory and a module in it.
pub struct Place {
    folder: tempfile::TempDir,
    cache: PathBuf,
}

impl Place {
    /// With an empty cache.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let cache = folder.path().join("cache");
        fs::create_dir_all(&cache).expect("a cache directory");
        Self { folder, cache }
    }

    /// With a cache directory in which plain `go` built the standard library.
    pub fn filled_by_go() -> Self {
        let place = Self::empty();
        copy(&filled_by_go(), &place.cache);
        place
    }

    /// The same with another spelling of the cache directory, which is `GOCACHE` from now on.
    pub fn spelled(mut self, cache: impl Into<PathBuf>) -> Self {
        self.cache = cache.into();
        self
    }

    pub fn cache(&self) -> &Path {
        &self.cache
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the module `example.test`, a day old: what changed a moment ago, the go
    /// command does not index yet.
    pub fn file(&self, name: &str, text: &str) {
        let module = self.path("module");
        let path = module.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a source file");
        let go_mod = module.join("go.mod");
        fs::write(&go_mod, "module example.test\n\ngo 1.24\n").expect("go.mod");
        [path, go_mod].iter().for_each(|file| unused_for_days(file, 1));
    }

    /// `go` in the module's folder, without any setting from outside.
    pub fn go(&self, by: By) -> Command {
        let Some(go) = std::env::var_os("GO") else {
            panic!("GO does not name a go binary: run `cargo xtask e2e`, which does");
        };
        let module = self.path("module");
        fs::create_dir_all(&module).expect("the module's folder");
        let mut command = bare(go);
        command.current_dir(module).env("GOCACHE", &self.cache).env("HOME", self.path("home"));
        for (name, value) in
            [("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOENV", "off"), ("GOWORK", "off")]
        {
            command.env(name, value);
        }
        command.env("GOFLAGS", "").env_remove("GOROOT");
        if by == By::Larder {
            command.env("GOCACHEPROG", format!("'{}' serve -v", env!("CARGO_BIN_EXE_larder")));
        }
        command
    }

    /// Runs `go` with these arguments, separated by spaces; it must succeed.
    pub fn run(&self, by: By, args: &str) -> Told {
        let ran = Ran::of(self.go(by).args(args.split(' ')));
        assert_eq!(ran.code, Some(0), "go {args}, cached by {by:?}: {}", ran.stderr);
        let text = ran.text();
        Told { stdout: text, stderr: ran.stderr }
    }

    /// Asserts that `larder verify` has nothing to say. What is wrong and a moment old it calls
    /// unsettled, for somebody may be writing it; here nobody is.
    pub fn is_sound(&self) {
        let mut verify = bare(env!("CARGO_BIN_EXE_larder"));
        verify.arg("--dir").arg(&self.cache).args(["verify", "--json"]);
        let checked = Ran::of(&mut verify).json();
        assert_eq!(checked["bad"], serde_json::json!([]));
        for nothing in ["unsettled", "without_output", "foreign"] {
            assert_eq!(checked[nothing], 0, "{nothing}: {checked}");
        }
    }

    /// The output files of the cache, by name.
    pub fn outputs(&self) -> Vec<PathBuf> {
        let mut outputs: Vec<PathBuf> =
            files(&self.cache).into_iter().map(|(path, _)| path).collect();
        outputs.retain(|path| path.to_string_lossy().ends_with("-d"));
        outputs
    }

    /// Waits until some packages have been compiled, which is in the middle of a build from empty:
    /// before that `go` only looks around.
    pub fn wait_for_packages(&self) {
        let is_package = |output: &PathBuf| {
            let mut first = [0; 8];
            let read = File::open(output).and_then(|mut file| file.read_exact(&mut first));
            read.is_ok() && first == *b"!<arch>\n"
        };
        wait_until("the first packages", || {
            self.outputs().iter().filter(|o| is_package(o)).count() > 5
        });
    }
}

/// What a run of `go` told.
pub struct Told {
    pub stdout: String,
    pub stderr: String,
}

impl Told {
    /// The lines of `-x` that run a compiler, a linker or vet.
    pub fn work(&self) -> Vec<&str> {
        let tools = ["compile", "asm", "cgo", "link", "vet"];
        let runs = |line: &str| {
            // Settings such as GOROOT='' may come before the tool.
            let mut words = line.split(' ').skip_while(|word| word.contains('='));
            let name = words.next().and_then(|tool| tool.trim_matches('"').rsplit('/').next());
            name.is_some_and(|name| tools.contains(&name))
        };
        self.stderr.lines().filter(|line| runs(line)).collect()
    }

    /// The closing line of `larder serve -v`: gets, hits, misses and puts.
    pub fn tally(&self) -> Tally {
        let lines: Vec<&str> =
            self.stderr.lines().filter(|line| line.starts_with("larder: ")).collect();
        let [line] = lines[..] else { panic!("not one line of larder's in {}", self.stderr) };
        let number = |one: &str, many: &str| {
            let found = line.split([' ', ',']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
            let at = found.iter().position(|word| *word == one || *word == many);
            let number = at.and_then(|at| found[at - 1].parse().ok());
            number.unwrap_or_else(|| panic!("no {many} in {line}"))
        };
        let tally = Tally {
            gets: number("get", "gets"),
            hits: number("hit", "hits"),
            misses: number("miss", "misses"),
            puts: number("put", "puts"),
            errors: number("error", "errors"),
        };
        assert_eq!(tally.gets, tally.hits + tally.misses, "{line}");
        assert_eq!(tally.errors, 0, "{line}");
        tally
    }

    /// Asserts that all came from the cache.
    pub fn is_all_cached(&self) {
        assert_eq!(self.work(), [] as [&str; 0]);
        let tally = self.tally();
        assert_eq!((tally.misses, tally.puts), (0, 0), "{tally:?}");
        assert!(tally.hits > 0, "{tally:?}");
    }
}

/// What the closing line counts.
#[derive(Debug)]
pub struct Tally {
    pub gets: u64,
    pub hits: u64,
    pub misses: u64,
    pub puts: u64,
    pub errors: u64,
}

/// Waits until it holds.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a process, or with a minus before its number to its group.
pub fn signal(name: &str, process: impl std::fmt::Display) {
    let sent = Command::new("sh").args(["-c", &format!("kill -s {name} -- {process}")]).status();
    assert!(sent.expect("sh").success(), "kill -s {name} -- {process}");
}

/// Whether there is such a process still.
pub fn lives(process: u32) -> bool {
    let asked = Command::new("sh")
        .args(["-c", &format!("kill -0 {process}")])
        .stderr(Stdio::null())
        .status();
    asked.expect("sh").success()
}

/// A cache directory in which plain `go`, and nobody else, built and vetted the standard library.
/// It is kept between runs: to fill it takes a minute.
fn filled_by_go() -> PathBuf {
    static FILLING: Mutex<()> = Mutex::new(());
    let _filling = FILLING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut place = Place::empty();
    let version = place.run(By::Go, "env GOVERSION").stdout.replace([' ', '\n'], "");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("filled-by-{version}"));
    fs::create_dir_all(&cache).expect("a folder that stays");
    place.cache = cache;
    place.run(By::Go, "build std");
    place.cache
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for item in fs::read_dir(from).expect("a folder").flatten() {
        let copied = to.join(item.file_name());
        match item.file_type().expect("a kind of file").is_dir() {
            true => copy(&item.path(), &copied),
            // With its mode; the mtime, the use log, begins anew.
            false => fs::copy(item.path(), copied).map(|_| ()).expect("a copy"),
        }
    }
}
