//! Putting a result's files back in their places.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cache_core::{Cache, Error, MissReason, OutputId};
use tempfile::{Builder, TempPath};

use crate::outputs::TEMPORARY;
use crate::record::{Bytes, Kind, Output, os_str, path_of};
use crate::{Miss, Text};

/// Up to this size, in bytes, a clone would take as much of the disk as a copy.
const ONE_BLOCK: u64 = 4 << 10;

/// Restores the files of one result. All of them are made ready beside their places before the
/// first is put there, so that a result that turns out to be bad leaves every file as it was; a
/// folder that was made for them may stay.
pub(crate) struct Restoring<'a> {
    cache: &'a dyn Cache,
    root: &'a Path,
    /// Whether to stop.
    stop: &'a dyn Fn() -> bool,
    /// Until the file system says that it cannot.
    tries_clones: bool,
    ready: Vec<(TempPath, PathBuf)>,
    /// The files that have the right bytes already, and the modes that they should have.
    in_place: Vec<(PathBuf, u32)>,
    folders: Vec<(PathBuf, u32)>,
}

impl<'a> Restoring<'a> {
    pub(crate) fn new(cache: &'a dyn Cache, root: &'a Path, stop: &'a dyn Fn() -> bool) -> Self {
        let (ready, in_place, folders) = Default::default();
        Self { cache, root, stop, tries_clones: true, ready, in_place, folders }
    }

    /// Makes an output ready.
    pub(crate) fn prepare(&mut self, output: &Output) -> Result<(), Miss> {
        let path = self.path_of(&output.name)?;
        match &output.is {
            Kind::Folder { mode } => {
                fs::create_dir_all(&path).map_err(not_restored("make the folder", &path))?;
                self.folders.push((path, *mode));
            }
            Kind::File { mode, bytes } => {
                let stored = self.stored(bytes, &output.name)?;
                if self.is_in_place(&path, bytes) {
                    self.in_place.push((path, *mode));
                    return Ok(());
                }
                let folder = folder_for(&path)?;
                let temporary = self.file(&stored, bytes, &output.name, folder, &path)?;
                set_mode(&temporary, *mode).map_err(not_restored("set the mode of", &path))?;
                self.ready.push((temporary, path));
            }
            Kind::Link { to } => {
                let folder = folder_for(&path)?;
                let to = os_str(to).ok_or_else(|| no_such_path(&output.name))?;
                let link =
                    temporary().make_in(folder, |temporary| make_link(to.as_ref(), temporary));
                let link = link.map_err(not_restored("make the link", &path))?;
                self.ready.push((link.into_temp_path(), path));
            }
        }
        Ok(())
    }

    /// Puts everything in its place.
    pub(crate) fn publish(self) -> Result<(), Miss> {
        for (path, mode) in self.in_place {
            make_as_new(&path, mode).map_err(not_restored("touch", &path))?;
        }
        for (temporary, path) in self.ready {
            temporary.persist(&path).map_err(|e| not_restored("replace", &path)(e.error))?;
        }
        // At last, and the inner ones first: a folder may be one that nothing can be made in.
        for (path, mode) in self.folders.iter().rev() {
            set_folder_mode(path, *mode).map_err(not_restored("set the mode of", path))?;
        }
        Ok(())
    }

    fn path_of(&self, name: &Text) -> Result<PathBuf, Miss> {
        path_of(self.root, name).ok_or_else(|| no_such_path(name))
    }

    /// Where an output's bytes are in the cache. Asking for them is using them, also when they need
    /// not be read.
    fn stored(&self, bytes: &Bytes, name: &Text) -> Result<PathBuf, Miss> {
        let stored = self.cache.output_file(&bytes.output)?;
        stored.map(|stored| stored.path).ok_or_else(|| gone(bytes, name))
    }

    /// Whether a file has the right bytes already. Reading it takes a part of the time that writing
    /// it anew would.
    fn is_in_place(&self, path: &Path, bytes: &Bytes) -> bool {
        fs::symlink_metadata(path).is_ok_and(|there| there.is_file() && there.len() == bytes.size)
            && File::open(path)
                .and_then(|file| OutputId::of_reader(&mut Stoppable { file, stop: self.stop }))
                .is_ok_and(|found| found == (bytes.output, bytes.size))
    }

    /// A temporary file in `folder` with the bytes of the file `stored`.
    fn file(
        &mut self,
        stored: &Path,
        bytes: &Bytes,
        name: &Text,
        folder: &Path,
        path: &Path,
    ) -> Result<TempPath, Miss> {
        let mut source = match File::open(stored) {
            Ok(source) => source,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(gone(bytes, name)),
            Err(e) => return Err(Error::io("open", stored)(e).into()),
        };
        // What is compared is what will be there, for the source may change at any moment.
        let (temporary, found) = match self.clone_of(&source, bytes.size, folder) {
            Some(clone) => {
                let found = File::open(&clone)
                    .and_then(|file| OutputId::of_reader(&mut Stoppable { file, stop: self.stop }))
                    .map_err(not_restored("read", path))?;
                (clone, found)
            }
            None => {
                let mut temporary =
                    temporary().make_in(folder, create_new).map_err(not_restored("write", path))?;
                let mut copying = Copying {
                    source: Stoppable { file: &mut source, stop: self.stop },
                    target: temporary.as_file_mut(),
                    failed: None,
                };
                let copied = OutputId::of_reader(&mut copying);
                if let Some(e) = copying.failed {
                    return Err(not_restored("write", path)(e));
                }
                (temporary.into_temp_path(), copied.map_err(Error::io("read", stored))?)
            }
        };
        if found != (bytes.output, bytes.size) {
            return Err(incomplete(name, MissReason::OutputChecksum(bytes.output)));
        }
        Ok(temporary)
    }

    /// A file that shares its blocks with `source` until either is written to.
    fn clone_of(&mut self, source: &File, size: u64, folder: &Path) -> Option<TempPath> {
        if !self.tries_clones || size <= ONE_BLOCK {
            return None;
        }
        let clone = |path: &Path| reflink_copy::reflink_file_to_path(source, path);
        match temporary().make_in(folder, clone) {
            Ok(clone) => Some(clone.into_temp_path()),
            Err(e) => {
                tracing::debug!("cannot clone into {}: {e}", folder.display());
                self.tries_clones = false;
                None
            }
        }
    }
}

fn incomplete(name: &Text, reason: MissReason) -> Miss {
    Miss::Incomplete { part: name.to_string(), reason }
}

fn gone(bytes: &Bytes, name: &Text) -> Miss {
    incomplete(name, MissReason::OutputGone(bytes.output))
}

/// Gives a file the mode that it should have, and the time of now: whoever goes by times, as make
/// does, takes it for one that was made now.
fn make_as_new(path: &Path, mode: u32) -> io::Result<()> {
    // Before the mode is set, which may forbid it.
    let file = File::open(path)?;
    set_mode(path, mode)?;
    if let Err(e) = file.set_modified(SystemTime::now()) {
        // It is another user's, and has what it should have.
        tracing::debug!("cannot set the time of {}: {e}", path.display());
    }
    Ok(())
}

fn not_restored(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Miss {
    move |source| Miss::NotRestored { operation, path: path.to_owned(), source }
}

/// A name that was made on another platform.
fn no_such_path(name: &Text) -> Miss {
    not_restored("name", Path::new(&name.to_string()))(ErrorKind::InvalidFilename.into())
}

/// The folder for what will stand at `path`, which is made when it is not there.
fn folder_for(path: &Path) -> Result<&Path, Miss> {
    // Renaming would find out too, but only when others have been put in their places.
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_dir()) {
        return Err(not_restored("replace the folder", path)(ErrorKind::IsADirectory.into()));
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(not_restored("make the folder", folder))?;
    Ok(folder)
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    builder
}

/// Makes a file. What [`Builder::tempfile_in`] says when it cannot has the temporary file's path in
/// it, which says nothing to anybody.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file that fails to be read once it is to stop.
struct Stoppable<'a, F> {
    file: F,
    stop: &'a dyn Fn() -> bool,
}

impl<F: Read> Read for Stoppable<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.stop)() {
            return Err(io::Error::other("interrupted"));
        }
        self.file.read(buffer)
    }
}

/// A reader that writes what it gives to `target`.
struct Copying<'a, R> {
    source: R,
    target: &'a mut File,
    /// What writing said, kept apart from what reading says: it is about another file.
    failed: Option<io::Error>,
}

impl<R: Read> Read for Copying<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.target.write_all(&buffer[..n]).map_err(|e| {
            self.failed = Some(e);
            io::Error::other("cannot be written")
        })?;
        Ok(n)
    }
}

/// Sets the mode of a file that has another one.
#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path)?.permissions().mode() & 0o7777 == mode {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
    }
}

#[cfg(unix)]
fn set_folder_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // What a folder has beyond the nine bits it may have from the one it is in.
    let there = fs::metadata(path)?.permissions().mode() & 0o7777;
    let wanted = (mode & 0o777) | (there & 0o7000);
    set_mode(path, wanted)
}

#[cfg(unix)]
fn make_link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o222 == 0);
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn set_folder_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests;
