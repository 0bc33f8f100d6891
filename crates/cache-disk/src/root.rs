//! The cache's top folder, and everything that is done to files in it by name.
//!
//! On Unix the folder is held open and names are resolved relative to it, which is shorter work for
//! the kernel than whole paths; elsewhere, and with the feature `portable`, by paths. Only the top
//! folder is held: `go clean -cache` removes the 256 folders in it.

#[cfg(all(unix, not(feature = "portable")))]
#[path = "root/held.rs"]
mod by;
#[cfg(not(all(unix, not(feature = "portable"))))]
#[path = "root/paths.rs"]
mod by;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::Error;

use crate::layout;
use crate::look::{Kind, Look};

/// The modes that Go creates with; the umask takes its part off.
pub(crate) const FILE_MODE: u32 = 0o666;
pub(crate) const EXECUTABLE_MODE: u32 = 0o777;

/// The cache's top folder. Names are relative to it and use `/`.
pub(crate) struct Root {
    path: PathBuf,
    by: by::By,
    /// Random where it starts, so that two processes hardly ever try one temporary name.
    next_temporary: AtomicU64,
}

/// Looks at an open file.
pub(crate) fn look_at(file: &File) -> io::Result<Look> {
    by::look_at(file)
}

/// One of the 256 folders, held open while it is gone through: then the kernel need not find it again
/// for each file. Names are relative to it.
pub(crate) struct Folder {
    path: PathBuf,
    by: by::By,
}

impl Folder {
    /// Gives each name in it, as it comes. An error that `each` returns ends it.
    pub(crate) fn each_name(
        &self,
        each: &mut dyn FnMut(&OsStr) -> io::Result<()>,
    ) -> io::Result<()> {
        self.by.each_name(&self.path, each)
    }

    /// As [`Root::open_file`].
    pub(crate) fn open_file(&self, name: &str) -> io::Result<File> {
        self.by.open_file(&self.path, name)
    }

    /// As [`Root::look_if_there`].
    pub(crate) fn look_if_there(&self, name: &str) -> io::Result<Option<Look>> {
        if_there(self.by.look(&self.path, name))
    }
}

fn if_there(look: io::Result<Look>) -> io::Result<Option<Look>> {
    match look {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        look => look.map(Some),
    }
}

impl Root {
    pub(crate) fn open(path: PathBuf) -> cache_core::Result<Self> {
        let by = by::By::open(&path).map_err(Error::io("open the cache directory", &path))?;
        let next_temporary = AtomicU64::new(RandomState::new().hash_one(std::process::id()));
        Ok(Self { path, by, next_temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole path of `name`, for people and for other programs.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        let mut path = PathBuf::with_capacity(self.path.as_os_str().len() + 1 + name.len());
        path.push(&self.path);
        path.push(name);
        path
    }

    /// Opens for reading. Follows no symbolic link and waits for nothing, as a FIFO would make it.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<File> {
        self.by.open_file(&self.path, name)
    }

    /// Looks without following a symbolic link.
    pub(crate) fn look(&self, name: &str) -> io::Result<Look> {
        self.by.look(&self.path, name)
    }

    /// [`look`](Self::look), or `None` when there is nothing.
    pub(crate) fn look_if_there(&self, name: &str) -> io::Result<Option<Look>> {
        if_there(self.look(name))
    }

    /// Opens one of the 256 folders.
    pub(crate) fn open_folder(&self, folder: u8) -> io::Result<Folder> {
        let name = layout::folder(folder);
        Ok(Folder { path: self.path_of(&name), by: self.by.open_folder(&self.path, &name)? })
    }

    /// Creates a file that must not be there, in one of the 256 folders, which is made when it is
    /// gone. Returns its name and the file, open for reading and writing.
    pub(crate) fn create_temporary(&self, folder: u8, mode: u32) -> io::Result<(String, File)> {
        self.make_temporary(folder, |name| self.by.create_file(&self.path, name, mode))
    }

    /// Creates a folder that must not be there, in one of the 256 folders.
    pub(crate) fn create_temporary_folder(&self, folder: u8) -> io::Result<String> {
        Ok(self.make_temporary(folder, |name| self.by.create_folder(&self.path, name))?.0)
    }

    /// A name for a temporary file or folder that hardly anyone else has.
    pub(crate) fn temporary_name(&self, folder: u8) -> String {
        layout::temporary(folder, self.next_temporary.fetch_add(1, Ordering::Relaxed))
    }

    fn make_temporary<T>(
        &self,
        folder: u8,
        make: impl Fn(&str) -> io::Result<T>,
    ) -> io::Result<(String, T)> {
        // Someone may remove the folder again between the two steps, but hardly twice.
        for _ in 0..8 {
            let name = self.temporary_name(folder);
            match make(&name) {
                Ok(made) => return Ok((name, made)),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == ErrorKind::NotFound => self.make_folder(folder)?,
                Err(e) => return Err(e),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Makes one of the 256 folders, unless it is there.
    pub(crate) fn make_folder(&self, folder: u8) -> io::Result<()> {
        match self.by.create_folder(&self.path, &layout::folder(folder)) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        tracing::trace!("rename {from} to {to}");
        self.by.rename(&self.path, from, to)
    }

    /// [`rename`](Self::rename) to a name that must not be taken: `AlreadyExists` when it is, and
    /// `Unsupported` where the system cannot say so in the same step.
    pub(crate) fn rename_to_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.by.rename_to_new(&self.path, from, to)?;
        tracing::trace!("rename {from} to {to}");
        Ok(())
    }

    /// Opens for reading and for writing in place; otherwise as [`open_file`](Self::open_file).
    pub(crate) fn open_to_write(&self, name: &str) -> io::Result<File> {
        self.by.open_to_write(&self.path, name)
    }

    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        self.by.remove_file(&self.path, name)
    }

    /// Removes a file, or a folder with all that is in it, without following symbolic links.
    pub(crate) fn remove(&self, name: &str, kind: Kind) -> io::Result<()> {
        match kind {
            Kind::Folder => fs::remove_dir_all(self.path_of(name)),
            Kind::File | Kind::Other => self.remove_file(name),
        }
    }

    /// Makes the content of the open file `name` survive a loss of power.
    pub(crate) fn sync_file(&self, name: &str, file: &File) -> io::Result<()> {
        tracing::trace!("sync {name}");
        file.sync_all()
    }

    /// Makes the names in the folder of `name` survive a loss of power, and that folder's own.
    pub(crate) fn sync_folder_of(&self, name: &str) -> io::Result<()> {
        for folder in [&layout::folder(layout::folder_of(name)), "."] {
            tracing::trace!("sync {folder}");
            self.by.sync_folder(&self.path, folder)?;
        }
        Ok(())
    }
}
