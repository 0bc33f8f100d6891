//! Everything in a folder, on as many threads as there are processors.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_hash::{FileHashError, FileHashMemo};

use super::glob::Glob;
use super::ignored::Rules;
use super::outputs::Outputs;
use super::spread::spread;
use super::{Found, look};
use crate::outputs::is_temporary;
use crate::{DescribeError, Text};

/// A walk through folders.
pub(super) struct Walk<'a> {
    pub(super) files: &'a FileHashMemo,
    pub(super) outputs: Outputs,
    pub(super) globs: Vec<Sought>,
    ignore_files: bool,
}

/// A glob, and whether anything matched it.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) input: OsString,
    pub(super) glob: Glob,
    pub(super) matched: AtomicBool,
}

/// A folder to be gone through.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) name: Vec<u8>,
    pub(super) take: Take,
    /// The ignore files' rules that hold for the folder, without its own.
    pub(super) rules: Arc<Rules>,
}

/// What counts of what is in a folder.
pub(super) enum Take {
    /// All of it, and that there is nothing.
    Everything,
    /// What matches.
    Matches {
        /// Which of the walk's globs.
        glob: usize,
        /// The folder's path, seen from the glob's base.
        below: PathBuf,
        /// How many folders down a match can be; `None` when there is no limit.
        depth: Option<usize>,
    },
}

impl<'a> Walk<'a> {
    pub(super) fn new(files: &'a FileHashMemo, outputs: Outputs, ignore_files: bool) -> Self {
        Self { files, outputs, globs: Vec::new(), ignore_files }
    }

    /// Walks through `folders` and all that is below them, and returns what counts, in no order.
    pub(super) fn run(&self, folders: Vec<Folder>) -> Result<Vec<Found>, DescribeError> {
        spread(folders, |folder, more, found| self.go_through(folder, more, found))
    }

    fn go_through(
        &self,
        folder: Folder,
        more: &mut Vec<Folder>,
        found: &mut Vec<Found>,
    ) -> Result<(), DescribeError> {
        let Folder { path, name, take, mut rules } = folder;
        // Some folders and files are removed while the walk goes on. They are not there.
        let entries = unless_gone(list(&path)).map_err(DescribeError::io("list", &path))?;
        let Some(mut entries) = entries else { return Ok(()) };
        if self.ignore_files {
            let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
            rules = Rules::enter(&path, &rules, has)?;
        }
        // Before asking whether there is anything, so that what is left out makes no difference.
        let made = self.outputs.in_folder(&path);
        entries.retain(|entry| {
            let file_name = entry.file_name();
            !is_left_out(&file_name) && !made.contains(&file_name)
        });
        // The folder of an output may be made together with it, and is not empty after that.
        if entries.is_empty() && matches!(take, Take::Everything) && !self.outputs.are_below(&path)
        {
            found.push(look::empty_folder(Text::from(name)));
            return Ok(());
        }
        let mut place = Place::new(path, name, take);
        for entry in entries {
            place.enter(&entry.file_name());
            self.look_at(&entry, &place, &rules, more, found)?;
            place.leave();
        }
        Ok(())
    }

    fn look_at(
        &self,
        entry: &DirEntry,
        place: &Place,
        rules: &Arc<Rules>,
        more: &mut Vec<Folder>,
        found: &mut Vec<Found>,
    ) -> Result<(), DescribeError> {
        let path = &place.path;
        let kind = unless_gone(entry.file_type()).map_err(DescribeError::io("look at", path))?;
        let Some(kind) = kind else { return Ok(()) };
        if self.ignore_files && rules.leave_out(path, kind.is_dir()) {
            return Ok(());
        }
        let matches = self.matches(&place.take);
        if kind.is_dir() {
            let take = if matches { Some(Take::Everything) } else { place.deeper() };
            more.extend(take.map(|take| Folder {
                path: path.clone(),
                name: place.name.clone(),
                take,
                rules: Arc::clone(rules),
            }));
            return Ok(());
        }
        if !matches {
            return Ok(());
        }
        let metadata = unless_gone(entry.metadata()).map_err(DescribeError::io("look at", path))?;
        let Some(metadata) = metadata else { return Ok(()) };
        let look = match place.take {
            Take::Everything => look::in_folder,
            Take::Matches { .. } => look::named,
        };
        match look(Text::from(&place.name[..]), path, &metadata, self.files) {
            Err(error) if is_gone(&error) => Ok(()),
            looked_at => {
                found.push(looked_at?);
                Ok(())
            }
        }
    }

    fn matches(&self, take: &Take) -> bool {
        let Take::Matches { glob, below, .. } = take else { return true };
        let sought = &self.globs[*glob];
        let matches = sought.glob.matches(below);
        if matches {
            sought.matched.store(true, Ordering::Relaxed);
        }
        matches
    }
}

/// Where a walk is, in buffers that serve for all that is in one folder.
struct Place {
    path: PathBuf,
    name: Vec<u8>,
    take: Take,
    folder_name_length: usize,
}

impl Place {
    fn new(path: PathBuf, mut name: Vec<u8>, take: Take) -> Self {
        // The root's own name is empty, and `/` ends in its separator.
        if !name.is_empty() && !name.ends_with(b"/") {
            name.push(b'/');
        }
        Self { path, folder_name_length: name.len(), name, take }
    }

    fn enter(&mut self, file_name: &OsStr) {
        self.path.push(file_name);
        self.name.extend_from_slice(file_name.as_encoded_bytes());
        if let Take::Matches { below, .. } = &mut self.take {
            below.push(file_name);
        }
    }

    fn leave(&mut self) {
        self.path.pop();
        self.name.truncate(self.folder_name_length);
        if let Take::Matches { below, .. } = &mut self.take {
            below.pop();
        }
    }

    /// What to take of a folder at this place that does not match itself. `None`: nothing in it
    /// can match.
    fn deeper(&self) -> Option<Take> {
        match &self.take {
            Take::Matches { depth: Some(..=1), .. } => None,
            Take::Matches { glob, below, depth } => Some(Take::Matches {
                glob: *glob,
                below: below.clone(),
                depth: depth.map(|depth| depth - 1),
            }),
            Take::Everything => Some(Take::Everything),
        }
    }
}

/// What is left out of every walk: `.git`, for it differs between two checkouts of the same tree,
/// and what another run is restoring at this moment.
fn is_left_out(file_name: &OsStr) -> bool {
    file_name == ".git" || is_temporary(file_name.as_encoded_bytes())
}

fn list(path: &Path) -> io::Result<Vec<DirEntry>> {
    fs::read_dir(path)?.collect()
}

fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn is_gone(error: &DescribeError) -> bool {
    match error {
        DescribeError::Io { source, .. }
        | DescribeError::Hash(FileHashError::Io { source, .. }) => {
            source.kind() == ErrorKind::NotFound
        }
        _ => false,
    }
}
