//! What is to be run.

use std::ffi::OsString;
use std::path::PathBuf;

use cache_core::OutputId;

use crate::{Text, place};

/// A command, and what its result depends on.
///
/// What is not named here is taken to make no difference: the result of a command that reads a
/// file which is not among its inputs is replayed although that file changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Task {
    /// The command and its arguments. The first is looked for in `PATH`, unless there is a
    /// separator in it.
    pub command: Vec<OsString>,
    /// The working directory, absolute and as [`std::env::current_dir`] gives it: without symbolic
    /// links and `..`.
    pub dir: PathBuf,
    /// The project's root, as absolute as the working directory: names of what lies in it are
    /// relative to it, so that two checkouts at different paths share their results.
    /// [`project_root`](crate::project_root) finds it; [`std::fs::canonicalize`] makes one of a
    /// path that was given.
    pub root: PathBuf,
    /// The inputs: files, folders and globs, relative to the working directory or absolute.
    ///
    /// A folder means everything in it. A path with `*`, `?`, `[…]` or `{…}` in it is a glob,
    /// unless there is something of that very name; `*` stops at a `/`, `**` does not, and a folder
    /// that matches means everything in it, as it would if the shell had replaced the glob.
    ///
    /// What is called `.git` is left out of folders and globs, for it differs between checkouts;
    /// it counts when it, or something in it, is named itself. The temporary files of a run that is
    /// restoring outputs, `.larder-*.tmp`, are left out too.
    ///
    /// A symbolic link counts by its text; one that is named itself, or that a glob matches, also by
    /// the contents of the file that it leads to, and one that is named itself by everything in the
    /// folder that it leads to. A folder with nothing in it counts as that, and so does one in which
    /// there is nothing but what is called `.git` or is such a temporary file.
    pub inputs: Vec<OsString>,
    /// Whether ignore files (`.gitignore`, `.ignore`) leave files out of folders and globs: those
    /// from the root down to each folder, and not the user's own that git has elsewhere.
    pub ignore_files: bool,
    /// What the command makes: files, links and folders, relative to the working directory or
    /// absolute. They are left out of folders and globs among the inputs, and a replay replaces
    /// what stands in their place.
    pub outputs: Vec<PathBuf>,
    /// The names of the environment variables that count.
    pub env: Vec<OsString>,
    /// A name under which the task's last run is remembered, for explanations. It is no part of
    /// the key.
    pub name: Option<String>,
    /// The hash of what the command is given as stdin, when that is an input.
    pub stdin: Option<OutputId>,
}

/// A declared output: its name in the key, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OutputPlace {
    /// Its path relative to the root with `/` between the components, or absolute where it lies
    /// outside.
    pub(crate) name: Text,
    /// Its path, absolute and without `.` and `..`.
    pub(crate) path: PathBuf,
}

impl Task {
    /// The declared outputs, sorted by name, each once.
    pub(crate) fn output_places(&self) -> Vec<OutputPlace> {
        let place = |output: &PathBuf| {
            let path = place::absolute(&self.dir, output);
            OutputPlace { name: place::name(&self.root, &path), path }
        };
        let mut places: Vec<_> = self.outputs.iter().map(place).collect();
        places.sort();
        places.dedup();
        places
    }
}
