//! A folder that is held open.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::by::By;
use super::if_there;
use crate::look::{Kind, Look};

/// How many names of a folder that is being removed are held at once: a hostile one may have any
/// number.
const BATCH: usize = 4096;

/// A folder, held open while it is gone through: then the kernel need not find it again for each file.
/// Names are those of what is directly in it.
pub(crate) struct Folder {
    path: PathBuf,
    by: By,
}

impl Folder {
    pub(super) fn open(by: &By, path: &Path, name: &OsStr) -> io::Result<Self> {
        Ok(Self { path: path.join(name), by: by.open_folder(path, name)? })
    }

    /// The whole path of `name`.
    pub(crate) fn path_of(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.path.join(name.as_ref())
    }

    /// Gives each name in it, as it comes. An error that `each` returns ends it.
    pub(crate) fn each_name(
        &self,
        each: &mut dyn FnMut(&OsStr) -> io::Result<()>,
    ) -> io::Result<()> {
        self.by.each_name(&self.path, each)
    }

    /// The names in it, and no more than `most` of them.
    pub(crate) fn names(&self, most: usize) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        let listed = self.each_name(&mut |name| {
            if names.len() == most {
                return Err(ErrorKind::QuotaExceeded.into());
            }
            names.push(name.to_owned());
            Ok(())
        });
        match listed {
            Err(e) if names.len() < most => Err(e),
            _ => Ok(names),
        }
    }

    /// As [`Root::open_file`](super::Root::open_file).
    pub(crate) fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.by.open_file(&self.path, name)
    }

    /// Looks without following a symbolic link.
    pub(crate) fn look(&self, name: impl AsRef<OsStr>) -> io::Result<Look> {
        self.by.look(&self.path, name)
    }

    /// [`look`](Self::look), or `None` when there is nothing.
    pub(crate) fn look_if_there(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Look>> {
        if_there(self.look(name))
    }

    pub(crate) fn remove_file(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.by.remove_file(&self.path, name)
    }

    pub(super) fn remove_folder(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.by.remove_folder(&self.path, name)
    }

    /// Removes all that is in it.
    ///
    /// A folder in a folder is moved up before it is emptied: a hostile one may be nested deeper than
    /// the stack is, than a process may have files open, and than a path can say. `fresh` gives a name
    /// for it that nobody has.
    pub(super) fn empty(&self, fresh: &dyn Fn() -> String) -> io::Result<()> {
        self.each_removed(&mut |name| {
            let inner = Self::open(&self.by, &self.path, name)?;
            inner.each_removed(&mut |name| {
                inner.by.rename_into(&inner.path, name, (&self.by, &self.path), &fresh())
            })?;
            self.remove_folder(name)
        })
    }

    /// Removes each file in it, and has `folder` take each folder away, until nothing is left.
    fn each_removed(&self, folder: &mut dyn FnMut(&OsStr) -> io::Result<()>) -> io::Result<()> {
        loop {
            let names = self.names(BATCH)?;
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                match self.remove_file(&name) {
                    Err(e) if e.kind() == ErrorKind::NotFound => {}
                    Err(e) => match self.look_if_there(&name)? {
                        Some(look) if look.kind == Kind::Folder => folder(&name)?,
                        Some(_) => return Err(e),
                        None => {}
                    },
                    Ok(()) => {}
                }
            }
        }
    }
}
