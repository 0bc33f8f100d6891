//! A store for several machines: a folder.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Larder, Ran, files};

/// A store, and no machine yet that uses it.
pub struct Store {
    folder: tempfile::TempDir,
}

impl Store {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Where its objects are. It is not there at first.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn uri(&self) -> String {
        format!("fs://{}", self.path().display())
    }

    /// The files of the objects whose keys begin so.
    pub fn objects(&self, prefix: &str) -> Vec<PathBuf> {
        files(&self.path().join("larder-v1").join(prefix))
            .into_iter()
            .map(|(path, _)| path)
            .collect()
    }

    /// The file of an action's object.
    pub fn object(&self, action: &str) -> PathBuf {
        self.path().join("larder-v1/a").join(&action[..2]).join(action)
    }

    /// Puts something in the objects' place, so that nothing can be stored.
    pub fn block(&self) {
        fs::create_dir(self.path()).expect("a folder");
        fs::write(self.in_the_way(), "in the way").expect("a file");
    }

    pub fn unblock(&self) {
        fs::remove_file(self.in_the_way()).expect("the file in the way");
    }

    fn in_the_way(&self) -> PathBuf {
        self.path().join("larder-v1")
    }

    /// `larder` of a machine that uses this store.
    pub fn command(&self, machine: &Larder) -> Command {
        let mut command = machine.command();
        command.env("LARDER_REMOTE", self.uri()).current_dir(machine.path(""));
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, machine: &Larder, args: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(self.command(machine).args(args))
    }
}
