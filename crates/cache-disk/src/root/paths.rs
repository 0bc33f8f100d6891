//! By whole paths, on any platform.
//!
//! A look beforehand keeps symbolic links out: there are no flags that say so.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::look::{Kind, Look};

pub(super) struct By;

impl By {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() { Ok(Self) } else { Err(ErrorKind::NotADirectory.into()) }
    }

    /// The mode bits of the folder itself, where the platform has them.
    pub(super) fn mode(&self, root: &Path) -> io::Result<u32> {
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::mode(&fs::metadata(root)?));
        #[cfg(not(unix))]
        return fs::metadata(root).map(|_| 0);
    }

    pub(super) fn open_folder(&self, root: &Path, name: impl AsRef<OsStr>) -> io::Result<Self> {
        refuse_links(root, Path::new(name.as_ref()))?;
        Ok(Self)
    }

    pub(super) fn each_name(
        &self,
        root: &Path,
        each: &mut dyn FnMut(&OsStr) -> io::Result<()>,
    ) -> io::Result<()> {
        fs::read_dir(root)?.try_for_each(|item| each(&item?.file_name()))
    }

    pub(super) fn open_file(&self, root: &Path, name: impl AsRef<OsStr>) -> io::Result<File> {
        File::open(self.no_link(root, name.as_ref())?)
    }

    pub(super) fn open_to_write(&self, root: &Path, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.no_link(root, name.as_ref())?)
    }

    pub(super) fn open_or_create(&self, root: &Path, name: &str, mode: u32) -> io::Result<File> {
        match self.open_to_write(root, name) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
        match self.create_file(root, name, mode) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => self.open_to_write(root, name),
            created => created,
        }
    }

    /// The path of a file or a folder.
    fn no_link(&self, root: &Path, name: &OsStr) -> io::Result<PathBuf> {
        let path = beneath(root, Path::new(name))?;
        if self.look(root, name)?.kind == Kind::Other {
            return Err(io::Error::new(ErrorKind::InvalidInput, "neither a file nor a folder"));
        }
        Ok(path)
    }

    /// The folders on the way are for the caller to look at.
    pub(super) fn look(&self, root: &Path, name: impl AsRef<OsStr>) -> io::Result<Look> {
        Ok(Look::of(&fs::symlink_metadata(root.join(name.as_ref()))?))
    }

    pub(super) fn create_file(&self, root: &Path, name: &str, mode: u32) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        options.open(beneath(root, Path::new(name))?)
    }

    pub(super) fn create_folder(&self, root: &Path, name: &str, mode: u32) -> io::Result<()> {
        #[allow(unused_mut, reason = "only Unix has modes")]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        #[cfg(not(unix))]
        let _ = mode;
        builder.create(root.join(name))
    }

    pub(super) fn rename(&self, root: &Path, from: &str, to: &str) -> io::Result<()> {
        fs::rename(root.join(from), root.join(to))
    }

    /// Renames what is in this folder into another one.
    pub(super) fn rename_into(
        &self,
        root: &Path,
        name: &OsStr,
        (_, folder): (&Self, &Path),
        to: &str,
    ) -> io::Result<()> {
        fs::rename(root.join(name), folder.join(to))
    }

    /// The standard library has no such renaming.
    pub(super) fn rename_to_new(&self, _: &Path, _: &str, _: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// The folders on the way are for the caller to look at.
    pub(super) fn remove_file(&self, root: &Path, name: impl AsRef<OsStr>) -> io::Result<()> {
        fs::remove_file(root.join(name.as_ref()))
    }

    /// The same of a folder that is empty.
    pub(super) fn remove_folder(&self, root: &Path, name: impl AsRef<OsStr>) -> io::Result<()> {
        fs::remove_dir(root.join(name.as_ref()))
    }

    pub(super) fn sync_folder(&self, root: &Path, name: &str) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced like a file.
        if cfg!(unix) { File::open(root.join(name))?.sync_all() } else { Ok(()) }
    }
}

/// The path of `name`, whose folders beneath `root` are folders and no links to some.
fn beneath(root: &Path, name: &Path) -> io::Result<PathBuf> {
    refuse_links(root, name.parent().unwrap_or(Path::new("")))?;
    Ok(root.join(name))
}

fn refuse_links(root: &Path, folders: &Path) -> io::Result<()> {
    let mut folder = root.to_owned();
    for name in folders {
        folder.push(name);
        if !fs::symlink_metadata(&folder)?.is_dir() {
            return Err(io::Error::new(
                ErrorKind::NotADirectory,
                "something else is in the place of a folder, and no link is followed",
            ));
        }
    }
    Ok(())
}

/// Looks at an open file.
pub(super) fn look_at(file: &File) -> io::Result<Look> {
    Ok(Look::of(&file.metadata()?))
}
