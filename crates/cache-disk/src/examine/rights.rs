//! Who may do what in a directory.

use std::path::PathBuf;

use cache_core::{Error, Result};

use super::Examination;
use crate::layout::{self, FOLDERS};

/// Who may do what in a cache directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rights {
    /// The directory's mode bits, as `0o755`. `None`: the platform has none.
    pub mode: Option<u32>,
    /// The number of the user to whom it belongs. `None`: the platform has none.
    pub owner: Option<u32>,
    /// The number of the user as whom this process makes files.
    pub user: Option<u32>,
    /// How many of the 256 folders are there. A put makes those that it needs.
    pub folders: u16,
    /// What anybody may write to: the directory, folders in it. Who can, can give a build any result.
    pub open_to_all: Vec<PathBuf>,
    /// What this process cannot list and write to: the directory, folders in it, what stands in the
    /// place of one.
    pub closed: Vec<PathBuf>,
}

impl Examination {
    /// Who may do what in the directory, in its 256 folders and in Larder's own.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn rights(&self) -> Result<Rights> {
        let path = self.root.path();
        let failed = |e| Error::io("look at", path)(e);
        let of_top = std::fs::metadata(path).map_err(failed)?;
        let mut rights = Rights {
            mode: mode(&of_top),
            owner: owner(&of_top),
            user: user(),
            folders: 0,
            open_to_all: Vec::new(),
            closed: Vec::new(),
        };
        rights.judge(path.to_owned(), &of_top);
        let names = (0..FOLDERS).filter_map(|folder| u8::try_from(folder).ok()).map(layout::folder);
        for (number, name) in names.chain([layout::OURS.to_owned()]).enumerate() {
            let path = self.root.path_of(&name);
            let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
            rights.folders += u16::from(number < FOLDERS.into());
            rights.judge(path, &found);
        }
        Ok(rights)
    }
}

impl Rights {
    fn judge(&mut self, path: PathBuf, found: &std::fs::Metadata) {
        if found.is_dir() && mode(found).is_some_and(|mode| mode & 0o002 != 0) {
            self.open_to_all.push(path.clone());
        }
        // No link in the directory is followed.
        if !found.is_dir() || is_closed(&path) {
            self.closed.push(path);
        }
    }
}

#[cfg(unix)]
fn mode(found: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(found.permissions().mode() & 0o7777)
}

#[cfg(unix)]
fn owner(found: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(found.uid())
}

/// The user as whom this process makes files.
#[cfg(unix)]
pub(super) fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn is_closed(path: &std::path::Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, path, all, AtFlags::EACCESS).is_err()
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn owner(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn user() -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn is_closed(_: &std::path::Path) -> bool {
    false
}
