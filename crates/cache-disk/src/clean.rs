//! Removing everything.

use cache_core::{Error, Result};

use crate::disk::DiskCache;
use crate::layout::{self, Named};
use crate::list::{Item, items};
use crate::remove::{self, Removed};

impl DiskCache {
    /// Removes every entry, every output and every temporary file, in use or not, and with `fuzz`
    /// what is in the folder [`fuzz_dir`](cache_core::Cache::fuzz_dir) too. Returns what it removed
    /// (of `fuzz`, nothing is counted).
    ///
    /// # Errors
    ///
    /// The first file or folder that cannot be listed or removed ends it; what was removed before
    /// stays removed.
    pub fn clean(&self, fuzz: bool) -> Result<Removed> {
        let mut removed = Removed::default();
        for folder in 0..=u8::MAX {
            for Item { folder, name, named, look } in items(&self.root, folder)? {
                if named == Named::Foreign {
                    continue;
                }
                let bytes = remove::on_disk(&self.root, &name, &look);
                remove::remove(&self.root, &folder, &name, look.kind)
                    .map_err(Error::io("remove", self.root.path_of(&name)))?;
                tracing::debug!("removed {name}, {bytes} bytes on disk");
                removed.count(&name, bytes);
            }
        }
        if fuzz {
            let failed = |e| Error::io("remove", self.root.path_of(layout::FUZZ))(e);
            if let Some(look) = self.root.look_if_there(layout::FUZZ).map_err(failed)? {
                self.root.remove(layout::FUZZ, look.kind).map_err(failed)?;
            }
        }
        Ok(removed)
    }
}
