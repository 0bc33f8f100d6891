//! Starting the scripted helper.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use cache_core::{ActionId, Error, OutputId};
use cache_prog_client::{Builder, HelperError, ProgCache};

/// A program of `tests/helper`, which is built beside the tests.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: build it with `cargo build -p cache-prog-client --examples`",
        program.display()
    );
    program
}

/// The command of the scripted helper.
pub fn command(script: &str) -> String {
    format!("'{}' {script}", program("scripted-helper").display())
}

pub fn builder(script: &str) -> Builder {
    ProgCache::builder(command(script), "/fuzz")
}

pub fn start(script: &str) -> ProgCache {
    builder(script).start().unwrap()
}

/// The command of a helper as it should be.
pub fn serves(dir: &tempfile::TempDir) -> String {
    format!("serves '{}' get,put,close", dir.path().display())
}

pub fn action(number: u64) -> ActionId {
    ActionId::from_bytes(*OutputId::of(&number.to_le_bytes()).as_bytes())
}

/// The helper's failure in an error.
#[track_caller]
pub fn helper_error<T: Debug>(result: Result<T, Error>) -> HelperError {
    match result {
        Err(Error::Backend(e)) => *e.downcast::<HelperError>().expect("a HelperError"),
        other => panic!("expected a HelperError, not {other:?}"),
    }
}

/// The children of this process, zombies among them, and how many threads read replies.
#[cfg(target_os = "linux")]
pub fn left() -> (Vec<String>, usize) {
    let own = std::process::id().to_string();
    let children = numbers("/proc")
        .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok())
        .filter(|stat| {
            // After the name, which may have anything in it: the state and the parent.
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(&*own)
        })
        .collect();
    let threads = numbers("/proc/self/task")
        .filter_map(|task| fs::read_to_string(format!("/proc/self/task/{task}/comm")).ok())
        .filter(|name| name.trim() == "cache-helper")
        .count();
    (children, threads)
}

#[cfg(target_os = "linux")]
fn numbers(folder: &str) -> impl Iterator<Item = String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The most memory that this process has had at once, in bytes, without the code that is mapped.
#[cfg(target_os = "linux")]
pub fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let bytes = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        value.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    };
    bytes("VmHWM:").saturating_sub(bytes("RssFile:"))
}
