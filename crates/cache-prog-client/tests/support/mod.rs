//! Starting the scripted helper.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::fmt::Debug;
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
