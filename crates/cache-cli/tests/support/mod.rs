//! A `larder` to run, with a folder of its own.

#![allow(dead_code, reason = "every test file uses its part of it")]

pub mod store;
#[cfg(unix)]
pub mod unprivileged;
pub mod user;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::OutputId;
use serde_json::Value;

/// `larder` with a scratch folder, in which the cache directory is `cache`.
pub struct Larder {
    folder: tempfile::TempDir,
}

impl Larder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a scratch folder") }
    }

    /// A path in the scratch folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The cache directory, which is not there at first.
    pub fn dir(&self) -> PathBuf {
        self.path("cache")
    }

    /// Writes a file in the scratch folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a scratch file");
        path
    }

    /// `larder` on the cache directory, without any setting from outside.
    pub fn command(&self) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_larder"));
        command.arg("--dir").arg(self.dir());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(self.command().args(args))
    }

    /// Stores `bytes` under the action ID of `name`, which it returns.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let action = self.key(name);
        let file = self.file("to-put", bytes);
        self.run([OsStr::new("put"), action.as_ref(), file.as_ref()]).ok();
        action
    }

    pub fn key(&self, name: &str) -> String {
        self.run(["key", name]).ok().trim().to_owned()
    }

    /// The entry file of an action.
    pub fn entry_file(&self, action: &str) -> PathBuf {
        self.dir().join(&action[..2]).join(format!("{action}-a"))
    }

    /// The output file of `bytes`.
    pub fn output_file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        let output = OutputId::of(bytes.as_ref()).to_string();
        self.dir().join(&output[..2]).join(format!("{output}-d"))
    }

    /// Everything in the cache directory but folders, with the sizes.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        files(&self.dir())
    }
}

/// `program` without any setting from outside.
pub fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in [
        "LARDER_DIR",
        "LARDER_PROG",
        "LARDER_REMOTE",
        "LARDER_REMOTE_ACCESS",
        "LARDER_UPLOAD_WAIT",
        "LARDER_SCOPE",
        "LARDER_TRUSTED_KEYS",
        "LARDER_SIGNING_KEY",
        "LARDER_MAX_SIZE",
        "LARDER_ALLOW_WORLD_WRITABLE",
        "LARDER_DEBUG",
        "XDG_CACHE_HOME",
        "GOCACHE",
        "GOCACHEPROG",
        // It says how long uploads are waited for.
        "CI",
    ] {
        command.env_remove(variable);
    }
    // Whoever runs the tests may have a settings file.
    command.env("XDG_CONFIG_HOME", std::env::temp_dir().join("larder-tests-without-settings"));
    command.stdin(Stdio::null());
    command
}

/// Everything under a folder but folders, with the sizes, in order.
pub fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).into_iter().flatten().flatten() {
        match item.metadata() {
            Ok(metadata) if metadata.is_dir() => found.extend(files(&item.path())),
            Ok(metadata) => found.push((item.path(), metadata.len())),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// Waits until a process has ended by itself. One that does not within the limit has failed.
pub fn ended(process: &mut Child, limit: Duration) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = process.try_wait().expect("a child") {
            return status;
        }
        if begun.elapsed() > limit {
            process.kill().ok();
            panic!("it does not end within {limit:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The most memory that a process (its number, or `self`) has had at once, in bytes. The code that is
/// mapped is left out: that of a build without optimisation is several times as large.
#[cfg(target_os = "linux")]
pub fn peak_memory(process: &str) -> u64 {
    peak_so_far(process).expect("its memory")
}

/// The same of one that may have ended: `None` then.
#[cfg(target_os = "linux")]
pub fn peak_so_far(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let bytes = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(value.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10)
    };
    Some(bytes("VmHWM:")?.saturating_sub(bytes("RssFile:")?))
}

/// Makes a file look as if it was last used that many days ago.
pub fn unused_for_days(path: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    let file = File::options().append(true).open(path).expect("a file to be made older");
    file.set_modified(then).expect("an older mtime");
}

/// The names in a JSON object, in order.
pub fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        object.as_object().expect("an object").keys().map(|k| &**k).collect();
    names.sort();
    names
}

/// Whether it is a time as every command writes one.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == "2006-01-02T15:04:05.000000000Z".len() && text.ends_with('Z')
}

/// What a run of a command gave.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("a process"))
    }

    /// The answer of a run that must have gone well, without a word on stderr.
    pub fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.text());
        self.text()
    }

    /// The answer as one JSON document.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("one JSON document")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts that there was no answer but one line on stderr, which has all of `says` in it.
    pub fn says<S: AsRef<str>>(&self, code: i32, says: impl IntoIterator<Item = S>) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.text(), "");
        assert!(self.stderr.starts_with("larder: "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        for part in says {
            assert!(self.stderr.contains(part.as_ref()), "{:?}: {}", part.as_ref(), self.stderr);
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
