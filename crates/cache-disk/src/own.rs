//! What Larder keeps in the directory beside the cache.

use std::io::ErrorKind;
use std::path::PathBuf;

use cache_core::{Error, Result};

use crate::disk::DiskCache;
use crate::layout;

impl DiskCache {
    /// The path of a folder for what is Larder's alone: `larder` in the directory, or one in it, as
    /// `locks` or `uploads/0123`. Everything there may be removed at any time, and it may not be there.
    ///
    /// Whoever uses it goes by this path, so links are looked for here: one in its place would have
    /// files outside the directory read and written.
    ///
    /// # Errors
    ///
    /// When something else is in its place, or in that of a folder on the way: a file, or a link to
    /// whatever.
    pub fn own_folder(&self, within: &str) -> Result<PathBuf> {
        let name = match within {
            "" => layout::OURS.to_owned(),
            within => format!("{}/{within}", layout::OURS),
        };
        let path = self.root.path_of(&name);
        match self.root.open_folder_named(&name) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("use the folder", path)(e)),
            _ => Ok(path),
        }
    }
}
