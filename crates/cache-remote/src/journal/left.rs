//! What is left to upload, for a program that only looks.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use cache_core::{Error, Result};
use fs4::{FileExt, TryLockError};

use super::{FOLDER, Pending, READ, SUFFIX, folder, is_file_named};

/// What is left to upload from a cache directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadsLeft {
    /// How many processes are at work that upload to a store.
    pub processes: u64,
    /// How many uploads to the store in question were left by processes that are gone. The next one
    /// that writes to it goes on with them.
    pub here: u64,
    /// The same of uploads to other stores.
    pub elsewhere: u64,
}

/// What is left to upload from the cache directory `dir` to the store of that address, which is
/// without its secrets ([`masked_uri`](crate::masked_uri)), and to others. Nothing is changed; a
/// journal that nobody holds is locked (shared) while it is read.
///
/// # Errors
///
/// When a folder with journals is there and cannot be listed. A journal that cannot be read counts
/// as empty.
pub fn uploads_left(dir: &Path, store: Option<&str>) -> Result<UploadsLeft> {
    let ours = store.map(|store| folder(dir, store));
    let mut left = UploadsLeft::default();
    let larder = dir.join("larder");
    if !is_folder(&larder) {
        return Ok(left);
    }
    for of_a_store in paths_in(&larder.join(FOLDER))? {
        let is_ours = ours.as_ref() == Some(&of_a_store);
        // What is not finished is a copy of what is in another file.
        let journals = paths_in(&of_a_store)?;
        for journal in journals.iter().filter(|path| is_file_named(path, &[SUFFIX])) {
            match left_in(journal) {
                Ok(None) => left.processes += 1,
                Ok(Some(uploads)) if is_ours => left.here += uploads,
                Ok(Some(uploads)) => left.elsewhere += uploads,
                Err(e) => tracing::debug!("cannot read {}: {e}", journal.display()),
            }
        }
    }
    Ok(left)
}

/// How many uploads a process has left; `None`: it lives.
fn left_in(journal: &Path) -> io::Result<Option<u64>> {
    let file = File::open(journal)?;
    if let Err(TryLockError::WouldBlock) = FileExt::try_lock_shared(&file) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    Ok(Some(Pending::replay(&bytes).in_order().len() as u64))
}

/// What is in a folder; nothing when it is not there, or is none.
fn paths_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !is_folder(folder) {
        return Ok(Vec::new());
    }
    let list = || fs::read_dir(folder)?.map(|item| Ok(item?.path())).collect::<io::Result<_>>();
    match list() {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(Error::io("list", folder)),
    }
}

/// Whether it is a folder, and no link to one: none is followed in the directory.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}
