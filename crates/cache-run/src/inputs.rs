//! The inputs of a task, as they are now.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cache_hash::FileHashMemo;

use crate::task::OutputPlace;
use crate::{DescribeError, Input, Task, place};
use glob::Glob;
use ignored::Rules;
pub(crate) use look::{Written, hash};
use outputs::Outputs;
use walk::{Folder, Take, Walk};

mod glob;
mod ignored;
mod look;
mod outputs;
mod spread;
mod walk;

/// An input, and when it was last written to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) input: Input,
    pub(crate) written: Written,
}

/// The inputs of a task.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Sorted by name, each once.
    pub(crate) found: Vec<Found>,
    pub(crate) empty_globs: Vec<OsString>,
}

/// Looks at everything that `task` names as an input. `outputs` are left out.
pub(crate) fn collect(
    task: &Task,
    outputs: &[OutputPlace],
    files: &FileHashMemo,
) -> Result<Inputs, DescribeError> {
    let mut collector = Collector {
        task,
        walk: Walk::new(files, Outputs::new(outputs), task.ignore_files),
        found: Vec::new(),
        folders: Vec::new(),
    };
    for input in &task.inputs {
        collector.add(input)?;
    }
    let Collector { walk, mut found, folders, .. } = collector;
    found.extend(walk.run(folders)?);
    // What is found twice is the same, but for a link that is both named and in a folder.
    found.sort_by(|a, b| a.input.name.cmp(&b.input.name).then_with(|| look::fuller_first(a, b)));
    found.dedup_by(|b, a| a.input.name == b.input.name);
    let empty = walk.globs.iter().filter(|glob| !glob.matched.load(Ordering::Relaxed));
    Ok(Inputs { found, empty_globs: empty.map(|glob| glob.input.clone()).collect() })
}

/// Turns declared inputs into what is found at once, and into folders to walk through.
struct Collector<'a> {
    task: &'a Task,
    walk: Walk<'a>,
    found: Vec<Found>,
    folders: Vec<Folder>,
}

impl Collector<'_> {
    fn add(&mut self, input: &OsString) -> Result<(), DescribeError> {
        let dir = &self.task.dir;
        let path = place::absolute(dir, Path::new(input));
        let missing = || DescribeError::InputMissing { input: input.into(), dir: dir.clone() };
        if input.is_empty() {
            return Err(DescribeError::InputEmpty);
        }
        // First as a name: a file may be called `a[1].c`.
        match fs::symlink_metadata(&path) {
            Ok(metadata) => self.add_named(&path, &metadata),
            Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(DescribeError::io("look at", &path)(e))
            }
            Err(_) if Glob::is_glob(input) => self.add_glob(input),
            Err(_) => Err(missing()),
        }
    }

    fn add_named(&mut self, path: &Path, metadata: &fs::Metadata) -> Result<(), DescribeError> {
        if self.walk.outputs.cover(path) {
            return Err(DescribeError::InputIsOutput(path.to_owned()));
        }
        let mut is_folder = metadata.is_dir();
        if !is_folder {
            let name = place::name(&self.task.root, path);
            self.found.push(look::named(name, path, metadata, self.walk.files)?);
            is_folder = metadata.is_symlink() && path.is_dir();
        }
        if is_folder {
            self.walk_through(path, Take::Everything)?;
        }
        Ok(())
    }

    fn add_glob(&mut self, input: &OsString) -> Result<(), DescribeError> {
        let glob = Glob::parse(input)?;
        let base = place::absolute(&self.task.dir, &glob.base);
        let take =
            Take::Matches { glob: self.walk.globs.len(), below: "".into(), depth: glob.depth };
        self.walk.globs.push(walk::Sought { input: input.clone(), glob, matched: false.into() });
        if !self.walk.outputs.cover(&base) && base.is_dir() {
            self.walk_through(&base, take)?;
        }
        Ok(())
    }

    fn walk_through(&mut self, path: &Path, take: Take) -> Result<(), DescribeError> {
        let rules = match self.task.ignore_files {
            true => Rules::above(&self.task.root, path)?,
            false => Arc::default(),
        };
        let name = place::name_bytes(&self.task.root, path);
        self.folders.push(Folder { path: path.to_owned(), name, take, rules });
        Ok(())
    }
}
