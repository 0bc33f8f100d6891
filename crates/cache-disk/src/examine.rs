//! A look at a directory and at what it stands on, for a program that says what is wrong with it.
//!
//! Each part of the look is a method of its own, and one that fails stops no other: whoever asks has
//! a directory with which something is wrong.

mod contents;
mod file_system;
mod holder;
mod rights;
mod trial;
mod trims;

use std::path::{Path, PathBuf, absolute};

use cache_core::{Error, Result};

pub use contents::{Contents, Leftovers};
pub use file_system::{FileSystem, Inodes, Nature};
pub use holder::Holder;
pub use rights::Rights;
pub use trial::{Locking, Trial};
pub use trims::{LastTrim, Trims};

use crate::root::Root;

/// A look at a cache directory, and at what it stands on.
///
/// It can be had of a directory that [`DiskCache`](crate::DiskCache) refuses to open, and of one that
/// is no cache: whoever wants to make one there can look first. Nothing of it stays, and it counts as
/// no use. To see whether somebody holds a lock, it takes it (shared) for a moment; whoever comes in
/// that moment finds it taken, and does as if another process were at work.
///
/// ```
/// use cache_disk::Examination;
///
/// # let folder = tempfile::tempdir()?;
/// # let dir = folder.path();
/// let looked = Examination::of(dir)?;
/// let file_system = looked.file_system()?;
/// println!("{:?}, {} bytes free", file_system.name, file_system.available);
/// let contents = looked.contents();
/// println!("{} files of writers that are gone", contents.leftovers.abandoned);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Examination {
    root: Root,
}

impl Examination {
    /// Opens a directory to look at it.
    ///
    /// # Errors
    ///
    /// When the directory is not there, is not a directory or cannot be opened.
    pub fn of(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        let dir = absolute(&dir).map_err(Error::io("find", &dir))?;
        Ok(Self { root: Root::open(dir)? })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.root.path()
    }
}
