//! The cache's top folder, and everything that is done to files in it by name.
//!
//! On Unix the folder is held open and names are resolved relative to it, which is shorter work for
//! the kernel than whole paths; elsewhere, and with the feature `portable`, by paths. Only the top
//! folder is held: `go clean -cache` removes the 256 folders in it.
//!
//! Nothing here leads out of the directory: no symbolic link in it is followed, and nothing is waited
//! for, as opening a FIFO would.

#[cfg(all(unix, not(feature = "portable")))]
#[path = "root/held.rs"]
mod by;
#[cfg(not(all(unix, not(feature = "portable"))))]
#[path = "root/paths.rs"]
mod by;
mod folder;
#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
mod no_unnamed;

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cache_core::Error;

use crate::layout;
use crate::look::{Kind, Look};

pub(crate) use folder::Folder;

/// The modes that Go creates with; the umask takes its part off.
pub(crate) const FILE_MODE: u32 = 0o666;
pub(crate) const EXECUTABLE_MODE: u32 = 0o777;
const FOLDER_MODE: u32 = 0o777;

/// The mode bit that lets everybody write.
const WORLD_WRITABLE: u32 = 0o002;

/// The cache's top folder. Names are relative to it and use `/`.
pub(crate) struct Root {
    path: PathBuf,
    by: by::By,
    /// Random where it starts, so that two processes hardly ever try one temporary name.
    next_temporary: AtomicU64,
    /// What nothing in it may be more open than, whatever the umask lets through.
    modes: u32,
    /// Which of the 256 folders were seen to be folders, one bit for each.
    seen: [AtomicU64; 4],
    /// Whether files without a name are worth a try: until one could not be had, or not be named at
    /// once.
    has_unnamed: AtomicBool,
}

/// Looks at an open file.
pub(crate) fn look_at(file: &File) -> io::Result<Look> {
    by::look_at(file)
}

fn if_there(look: io::Result<Look>) -> io::Result<Option<Look>> {
    match look {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        look => look.map(Some),
    }
}

impl Root {
    pub(crate) fn open(path: PathBuf) -> cache_core::Result<Self> {
        let failed = |e| Error::io("open the cache directory", &path)(e);
        let by = by::By::open(&path).map_err(failed)?;
        let modes = match by.mode(&path).map_err(failed)? & WORLD_WRITABLE {
            0 => !WORLD_WRITABLE,
            _ => !0,
        };
        let next_temporary = AtomicU64::new(RandomState::new().hash_one(std::process::id()));
        let (seen, has_unnamed) = (Default::default(), AtomicBool::new(true));
        Ok(Self { path, by, next_temporary, modes, seen, has_unnamed })
    }

    /// Whether everybody can write to the directory. Where a sticky bit keeps them from removing what
    /// is there, they can still put there what is not.
    pub(crate) fn is_world_writable(&self) -> bool {
        self.modes & WORLD_WRITABLE != 0
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
        match name.rsplit_once('/') {
            Some((folder, name)) => self.open_folder_named(folder)?.look(name),
            None => self.by.look(&self.path, name),
        }
    }

    /// Looks at what is in one of the 256 folders in one step, once that was seen to be a folder: for
    /// what is given out as a path, and so reached by name anyway.
    pub(crate) fn look_by_name(&self, name: &str) -> io::Result<Option<Look>> {
        let folder = layout::folder_of(name);
        let (word, bit) = (&self.seen[usize::from(folder / 64)], 1 << (folder % 64));
        if word.load(Ordering::Relaxed) & bit == 0 {
            let folder = self.by.look(&self.path, layout::folder(folder));
            match if_there(folder)? {
                None => return Ok(None),
                Some(look) if look.kind == Kind::Folder => word.fetch_or(bit, Ordering::Relaxed),
                Some(_) => return Err(ErrorKind::NotADirectory.into()),
            };
        }
        if_there(self.by.look(&self.path, name))
    }

    /// [`look`](Self::look), or `None` when there is nothing.
    pub(crate) fn look_if_there(&self, name: &str) -> io::Result<Option<Look>> {
        if_there(self.look(name))
    }

    /// Opens one of the 256 folders.
    pub(crate) fn open_folder(&self, folder: u8) -> io::Result<Folder> {
        self.open_folder_named(&layout::folder(folder))
    }

    /// Opens a folder.
    pub(crate) fn open_folder_named(&self, name: &str) -> io::Result<Folder> {
        Folder::open(&self.by, &self.path, OsStr::new(name))
    }

    /// Creates a file that must not be there, in one of the 256 folders, which is made when it is
    /// gone. Returns its name and the file, open for reading and writing.
    pub(crate) fn create_temporary(&self, folder: u8, mode: u32) -> io::Result<(String, File)> {
        let mode = mode & self.modes;
        self.make_temporary(folder, |name| self.by.create_file(&self.path, name, mode))
    }

    /// Whether files without a name can be had and be named at once, as far as is known.
    pub(crate) fn has_unnamed(&self) -> bool {
        self.has_unnamed.load(Ordering::Relaxed)
    }

    /// Creates a file without a name for one of the 256 folders, open for reading and writing. It is
    /// gone when it is closed, unless [`name`](Self::name) gave it a name. `None`: not to be had here.
    pub(crate) fn create_unnamed(&self, folder: u8, mode: u32) -> Option<File> {
        if !self.has_unnamed() {
            return None;
        }
        let (name, mode) = (layout::folder(folder), mode & self.modes);
        let created = self.in_folder(folder, || self.by.create_unnamed(&self.path, &name, mode));
        // What the system says that knows none. Any other failure is one of this folder, or of this
        // moment.
        if let Err(e) = &created
            && let ErrorKind::InvalidInput
            | ErrorKind::IsADirectory
            | ErrorKind::NotFound
            | ErrorKind::Unsupported = e.kind()
        {
            self.has_unnamed.store(false, Ordering::Relaxed);
        }
        created.ok()
    }

    /// Gives a file without a name one in one of the 256 folders that must not be taken:
    /// `AlreadyExists` when it is.
    pub(crate) fn name(&self, file: &File, name: &str) -> io::Result<()> {
        let folder = layout::folder_of(name);
        let mut named =
            self.in_folder(folder, || self.by.name_by_descriptor(&self.path, file, name));
        if named.as_ref().is_err_and(|e| e.kind() != ErrorKind::AlreadyExists) {
            // Any other way is no faster than renaming, so the next ones have a name from the
            // beginning.
            self.has_unnamed.store(false, Ordering::Relaxed);
            named = self.by.name_by_proc(&self.path, file, name);
        }
        if named.is_ok() {
            tracing::trace!("name {name}");
        }
        named
    }

    /// Gives a file without a name a temporary one in one of the 256 folders. Returns the name.
    pub(crate) fn name_temporary(&self, folder: u8, file: &File) -> io::Result<String> {
        Ok(self.make_temporary(folder, |name| self.name(file, name))?.0)
    }

    /// Creates a folder that must not be there, in one of the 256 folders.
    pub(crate) fn create_temporary_folder(&self, folder: u8) -> io::Result<String> {
        Ok(self.make_temporary(folder, |name| self.create_folder(name))?.0)
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

    /// Does `work`, and does it again when one of the 256 folders was gone, which is made then.
    fn in_folder<T>(&self, folder: u8, work: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match work() {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.make_folder(folder)?;
                work()
            }
            done => done,
        }
    }

    /// Makes one of the 256 folders, unless it is there.
    pub(crate) fn make_folder(&self, folder: u8) -> io::Result<()> {
        self.make_folder_named(&layout::folder(folder))
    }

    /// Makes a folder in the top folder, unless something is there.
    pub(crate) fn make_folder_named(&self, name: &str) -> io::Result<()> {
        match self.create_folder(name) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.by.create_folder(&self.path, name, FOLDER_MODE & self.modes)
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

    /// Opens a regular file for reading and for writing in place, and makes it when nothing is there.
    /// One that has another name too, which may be outside, is not written to.
    pub(crate) fn open_or_create(&self, name: &str) -> io::Result<File> {
        let file =
            only_regular(self.by.open_or_create(&self.path, name, FILE_MODE & self.modes)?)?;
        match look_at(&file)?.names {
            0 | 1 => Ok(file),
            _ => Err(io::Error::new(ErrorKind::InvalidInput, "it has another name too")),
        }
    }

    /// [`open_file`](Self::open_file) of a regular file.
    pub(crate) fn open_regular(&self, name: &str) -> io::Result<File> {
        only_regular(self.open_file(name)?)
    }

    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        match name.rsplit_once('/') {
            Some((folder, name)) => self.open_folder_named(folder)?.remove_file(name),
            None => self.by.remove_file(&self.path, name),
        }
    }

    /// Removes a file, or a folder with all that is in it, without following symbolic links.
    pub(crate) fn remove(&self, name: &str, kind: Kind) -> io::Result<()> {
        if kind != Kind::Folder {
            return self.remove_file(name);
        }
        let fresh = || self.temporary_name(0)[3..].to_owned();
        self.open_folder_named(name)?.empty(&fresh)?;
        match name.rsplit_once('/') {
            Some((folder, name)) => self.open_folder_named(folder)?.remove_folder(name),
            None => self.by.remove_folder(&self.path, name),
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

fn only_regular(file: File) -> io::Result<File> {
    match look_at(&file)?.kind {
        Kind::File => Ok(file),
        _ => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}
