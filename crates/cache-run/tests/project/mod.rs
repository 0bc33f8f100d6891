//! A project in a folder of its own, and tasks in it.

#![allow(dead_code)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use cache_core::ActionId;
use cache_hash::{FileHashMemo, KeySpace};
use cache_run::{DescribeError, Described, Task, describe};
use tempfile::TempDir;

/// A folder with a `.git` and a tool of its own, so that nothing depends on the machine.
pub struct Project {
    _folder: TempDir,
    pub root: PathBuf,
}

impl Project {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("project");
        fs::create_dir_all(root.join(".git")).unwrap();
        let project = Self { _folder: folder, root };
        project.write("bin/tool", "#!/bin/sh\n");
        project.set_mode("bin/tool", 0o755);
        project
    }

    /// A project with these files, each with its name as its contents.
    pub fn with(files: &[&str]) -> Self {
        let project = Self::new();
        files.iter().for_each(|file| project.write(file, file));
        project
    }

    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    pub fn write(&self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let is_new = !path.exists();
        fs::write(&path, contents).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // Whatever the umask.
        if is_new {
            self.set_mode(&path, 0o644);
        }
    }

    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn link(&self, text: &str, path: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(text, path).unwrap();
    }

    /// A task at the root, with these inputs.
    pub fn task(&self, inputs: &[&str]) -> Task {
        Task {
            command: vec!["bin/tool".into(), "-c".into(), "main.c".into()],
            dir: self.root.clone(),
            root: self.root.clone(),
            inputs: inputs.iter().map(OsString::from).collect(),
            ..Task::default()
        }
    }

    /// The names of what `inputs` mean.
    pub fn names(&self, inputs: &[&str]) -> Vec<String> {
        names(&self.task(inputs))
    }
}

pub fn no_variables(_name: &OsStr) -> Option<OsString> {
    None
}

pub fn try_describe(task: &Task) -> Result<Described, DescribeError> {
    describe(task, &no_variables, &FileHashMemo::new())
}

pub fn described(task: &Task) -> Described {
    try_describe(task).unwrap_or_else(|error| panic!("{error}"))
}

pub fn key(task: &Task) -> ActionId {
    described(task).description.key(&KeySpace::new("test"))
}

/// The names of a task's inputs; a folder's ends in `/`.
pub fn names(task: &Task) -> Vec<String> {
    let name = |input: &cache_run::Input| match input.content {
        cache_run::InputContent::EmptyFolder => format!("{}/", input.name),
        _ => input.name.to_string(),
    };
    described(task).description.inputs.iter().map(name).collect()
}

/// The message of the error that describing `task` ends in.
pub fn refusal(task: &Task) -> String {
    try_describe(task).map(|described| described.description).unwrap_err().to_string()
}
