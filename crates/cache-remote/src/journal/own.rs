//! The file of this process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use cache_core::{Error, Result};
use fs4::{FileExt, TryLockError};

use super::pending::{PUT_LINE, Pending};
use super::{NEW, SUFFIX};

/// How often a new file is made in the place of one that another process took away before it was
/// locked.
const TRIES: u32 = 8;

/// The file of this process, locked until it is dropped. Other processes see it only once it is
/// locked.
#[derive(Debug)]
pub(super) struct Own {
    path: PathBuf,
    file: File,
    /// How many bytes of it are whole lines.
    length: u64,
    /// Whether something may stand after them that could not be removed.
    is_torn: bool,
    /// From this length on it is looked at again whether it is to be rewritten.
    look_again: u64,
}

impl Own {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let failed = |e| Error::io("create a journal of uploads in", folder)(e);
        Self::create_with(folder, "").map_err(failed)
    }

    /// A new file with that content.
    fn create_with(folder: &Path, content: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut tries = 1;
        loop {
            match Self::try_create(folder, content) {
                Err(e) if e.kind() == ErrorKind::NotFound && tries < TRIES => tries += 1,
                result => return result,
            }
        }
    }

    /// [`NotFound`](ErrorKind::NotFound) when a process took the file, or the folder, away.
    fn try_create(folder: &Path, content: &str) -> io::Result<Self> {
        let mut number = [0; 8];
        getrandom::fill(&mut number).map_err(io::Error::from)?;
        let number = hex::encode(number);
        let new = folder.join(format!("{number}{NEW}"));
        let path = folder.join(format!("{number}{SUFFIX}"));
        let mut file = OpenOptions::new().append(true).create_new(true).open(&new)?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            // It takes it for one that was never finished.
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::NotFound.into()),
            Err(TryLockError::Error(e)) => {
                fs::remove_file(&new).ok();
                return Err(e);
            }
        }
        let written = file.write_all(content.as_bytes()).and_then(|()| fs::rename(&new, &path));
        if let Err(e) = written {
            fs::remove_file(&new).ok();
            return Err(e);
        }
        Ok(Self { path, file, length: content.len() as u64, is_torn: false, look_again: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(super) fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Appends whole lines; all of them or none.
    pub(super) fn append(&mut self, lines: &str) -> io::Result<()> {
        if self.is_torn {
            // What stands there is no line, and must not make the next one none.
            self.file.write_all(b"\n")?;
            self.length = self.file.metadata()?.len();
            self.is_torn = false;
        }
        match self.file.write_all(lines.as_bytes()) {
            Ok(()) => {
                self.length += lines.len() as u64;
                Ok(())
            }
            Err(e) => {
                // What fits of it on a full disk.
                self.is_torn = self.file.set_len(self.length).is_err();
                Err(e)
            }
        }
    }

    /// Makes a new file of what is to be done, when this one is over `limit` bytes and less than half
    /// of it is still to be done. A kill at any moment leaves at least one of the two whole.
    pub(super) fn rewrite_when_mostly_done(
        &mut self,
        pending: &Pending,
        limit: u64,
    ) -> io::Result<()> {
        let mostly_done = 2 * PUT_LINE * pending.len() as u64 <= self.length;
        if self.length <= limit.max(self.look_again) || !mostly_done {
            return Ok(());
        }
        // On a full disk not again at once.
        self.look_again = 2 * self.length;
        let Some(folder) = self.path.parent() else { return Ok(()) };
        let old = std::mem::replace(self, Self::create_with(folder, &pending.to_text())?);
        old.remove();
        Ok(())
    }

    /// Removes the file while it is still locked.
    pub(super) fn remove(&self) {
        if let Err(e) = remove(&self.path, &self.file) {
            tracing::debug!("cannot remove {}: {e}", self.path.display());
        }
    }
}

/// Removes a locked file. Who opened it before, and locks it after that, finds nothing in it.
pub(super) fn remove(path: &Path, file: &File) -> io::Result<()> {
    file.set_len(0)?;
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
