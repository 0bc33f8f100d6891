//! By whole paths, on any platform.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::look::{Kind, Look};

pub(super) struct By;

impl By {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() { Ok(Self) } else { Err(ErrorKind::NotADirectory.into()) }
    }

    pub(super) fn open_folder(&self, root: &Path, name: &str) -> io::Result<Self> {
        Self::open(&root.join(name))
    }

    pub(super) fn each_name(
        &self,
        root: &Path,
        each: &mut dyn FnMut(&OsStr) -> io::Result<()>,
    ) -> io::Result<()> {
        fs::read_dir(root)?.try_for_each(|item| each(&item?.file_name()))
    }

    pub(super) fn open_file(&self, root: &Path, name: &str) -> io::Result<File> {
        // Without flags that say so, a look beforehand keeps links and FIFOs out.
        if self.look(root, name)?.kind == Kind::Other {
            return Err(io::Error::new(ErrorKind::InvalidInput, "neither a file nor a folder"));
        }
        File::open(root.join(name))
    }

    pub(super) fn open_to_write(&self, root: &Path, name: &str) -> io::Result<File> {
        if self.look(root, name)?.kind == Kind::Other {
            return Err(io::Error::new(ErrorKind::InvalidInput, "neither a file nor a folder"));
        }
        OpenOptions::new().read(true).write(true).open(root.join(name))
    }

    pub(super) fn look(&self, root: &Path, name: &str) -> io::Result<Look> {
        Ok(Look::of(&fs::symlink_metadata(root.join(name))?))
    }

    pub(super) fn create_file(&self, root: &Path, name: &str, mode: u32) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        options.open(root.join(name))
    }

    pub(super) fn create_folder(&self, root: &Path, name: &str) -> io::Result<()> {
        fs::create_dir(root.join(name))
    }

    pub(super) fn rename(&self, root: &Path, from: &str, to: &str) -> io::Result<()> {
        fs::rename(root.join(from), root.join(to))
    }

    /// The standard library has no such renaming.
    pub(super) fn rename_to_new(&self, _: &Path, _: &str, _: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn remove_file(&self, root: &Path, name: &str) -> io::Result<()> {
        fs::remove_file(root.join(name))
    }

    pub(super) fn sync_folder(&self, root: &Path, name: &str) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced like a file.
        if cfg!(unix) { File::open(root.join(name))?.sync_all() } else { Ok(()) }
    }
}

/// Looks at an open file.
pub(super) fn look_at(file: &File) -> io::Result<Look> {
    Ok(Look::of(&file.metadata()?))
}
