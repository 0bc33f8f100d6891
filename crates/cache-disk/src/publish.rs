//! Publishing in one step: a file appears under its name whole, or not at all.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::time::{Duration, Instant, SystemTime};

use cache_core::{Error, FromStart, Result};
use fs4::FileExt;

use crate::clock::Clock;
use crate::look::Kind;
use crate::root::Root;
use crate::{layout, usage};

#[cfg(test)]
mod tests;

/// A file that was begun so short a time ago has an mtime that is as good as now.
const QUICK: Duration = Duration::from_millis(100);

/// How often a name is tried that others take away at the same time, as `go clean -cache` does.
const TRIES: u32 = 8;

/// A file that is being written. It is removed again unless it is published.
///
/// It has no name before it is published, where the system can do that: nobody comes across it, and
/// nothing is left of it when its writer is killed. It needs a name to replace what is there, and has
/// one from the beginning where it is known that it will; and in a durable put: what file systems
/// promise about a sync, they promise for files with names.
///
/// With a name, it is locked as long as it is open, which is until its put ends. That tells trim that
/// its writer lives. The lock is a shared one, for another put may be about to give its name, once it
/// has one, to a file of its own: see [`usage::hold`].
pub(crate) struct Temporary<'a> {
    root: &'a Root,
    folder: u8,
    mode: u32,
    name: Option<String>,
    file: File,
    created: Instant,
    /// The mtime that it is published with, where that matters: the kernel's is that of the last
    /// write.
    pub(crate) mtime: Option<SystemTime>,
    /// The mtime that it was given since the last write.
    given: Option<SystemTime>,
    /// Whether what was written is on the disk.
    is_synced: bool,
    published: bool,
}

impl<'a> Temporary<'a> {
    /// Creates an empty one for one of the 256 folders, without a name if that can be.
    pub(crate) fn create_unnamed(root: &'a Root, folder: u8, mode: u32) -> Result<Self> {
        match root.create_unnamed(folder, mode) {
            Some(file) => Ok(Self::new(root, folder, mode, None, file)),
            None => Self::create(root, folder, mode),
        }
    }

    /// Creates an empty one in one of the 256 folders.
    pub(crate) fn create(root: &'a Root, folder: u8, mode: u32) -> Result<Self> {
        let failed = |e| Error::io("create a file in", folder_path(root, folder))(e);
        let (name, file) = root.create_temporary(folder, mode).map_err(failed)?;
        lock(&file);
        Ok(Self::new(root, folder, mode, Some(name), file))
    }

    fn new(root: &'a Root, folder: u8, mode: u32, name: Option<String>, file: File) -> Self {
        Self {
            root,
            folder,
            mode,
            name,
            file,
            created: Instant::now(),
            mtime: None,
            given: None,
            is_synced: false,
            published: false,
        }
    }

    /// The open file, for reading back what was written.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (self.given, self.is_synced) = (None, false);
        self.file.write_all(bytes)
    }

    /// What to say when writing failed.
    pub(crate) fn write_failed(&self, e: io::Error) -> Error {
        Error::io("write to a file in", folder_path(self.root, self.folder))(e)
    }

    /// Renames it to `to`, replacing a file there. Returns whether it did: where a folder is under
    /// that name, nothing is changed.
    pub(crate) fn publish(&mut self, to: &str, clock: &Clock, durable: bool) -> Result<bool> {
        for _ in 0..TRIES {
            let name = self.name()?;
            self.finish(clock, durable)?;
            match self.root.rename(&name, to) {
                Ok(()) => {
                    self.published = true;
                    self.sync_folder_of(to, durable)?;
                    return Ok(true);
                }
                Err(e) if e.kind() == ErrorKind::IsADirectory => return Ok(false),
                Err(e) if e.kind() == ErrorKind::NotFound => self.restore(to)?,
                Err(e) => return Err(Error::io("create", self.root.path_of(to))(e)),
            }
        }
        Ok(false)
    }

    /// Publishes it as `to` where nothing is under that name. Returns whether it did: not when
    /// something is there, nor when it is not to be had in one step.
    pub(crate) fn publish_new(&mut self, to: &str, clock: &Clock, durable: bool) -> Result<bool> {
        self.finish(clock, durable)?;
        let published = match &self.name {
            Some(name) => self.root.rename_to_new(name, to),
            None => self.root.name(&self.file, to),
        };
        match published {
            Ok(()) => {
                self.published = true;
                self.sync_folder_of(to, durable)?;
                Ok(true)
            }
            // Whatever it is, replacing meets it again and says so.
            Err(_) => Ok(false),
        }
    }

    /// Publishes it as the only file, named `file`, of a new folder `to`. Returns whether it did:
    /// where something is under that name already, nothing is changed.
    pub(crate) fn publish_in_folder(
        &mut self,
        to: &str,
        file: &str,
        clock: &Clock,
        durable: bool,
    ) -> Result<bool> {
        let name = self.name()?;
        self.finish(clock, durable)?;
        let failed = |root: &Root, e| Error::io("create", root.path_of(to))(e);
        let root = self.root;
        let folder =
            root.create_temporary_folder(layout::folder_of(to)).map_err(|e| failed(root, e))?;
        let inside = format!("{folder}/{file}");
        let published = root.rename(&name, &inside).and_then(|()| {
            let opened = root.open_file(&folder)?;
            FileExt::try_lock_shared(&opened).ok();
            if let Some(mtime) = clock.mtime_to_set() {
                usage::set_mtime(&opened, mtime)?;
            }
            if durable {
                root.sync_file(&folder, &opened)?;
            }
            root.rename(&folder, to)
        });
        let Err(e) = published else {
            self.published = true;
            self.sync_folder_of(to, durable)?;
            return Ok(true);
        };
        root.rename(&inside, &name).ok();
        root.remove(&folder, Kind::Folder).ok();
        if e.kind() == ErrorKind::NotFound {
            self.restore(to)?;
            return Ok(false);
        }
        if root.look(to).is_ok() { Ok(false) } else { Err(failed(root, e)) }
    }

    pub(crate) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Its name, which it is given if it has none.
    fn name(&mut self) -> Result<String> {
        if self.name.is_none() {
            lock(&self.file);
            match self.root.name_temporary(self.folder, &self.file) {
                Ok(name) => self.name = Some(name),
                Err(_) => self.copy_to(self.folder)?,
            }
        }
        Ok(self.name.clone().unwrap_or_default())
    }

    /// Makes the folders again that a renaming did not find, and this file.
    fn restore(&mut self, to: &str) -> Result<()> {
        let folder = layout::folder_of(to);
        let failed = |e| Error::io("create", folder_path(self.root, folder))(e);
        self.root.make_folder(folder).map_err(failed)?;
        match &self.name {
            Some(name) if self.root.look(name).is_err() => self.copy_to(folder),
            _ => Ok(()),
        }
    }

    /// Becomes another file with a name in `folder` and the same content, which lives as long as this
    /// one is open.
    fn copy_to(&mut self, folder: u8) -> Result<()> {
        let mut again = Self::create(self.root, folder, self.mode)?;
        io::copy(&mut FromStart::new(&self.file), &mut again.file)
            .map_err(|e| again.write_failed(e))?;
        again.mtime = self.mtime;
        *self = again;
        Ok(())
    }

    fn finish(&mut self, clock: &Clock, durable: bool) -> Result<()> {
        // A source may have taken hours since its last byte, and the mark of use must not be older
        // than the moment from which the output can be used.
        let mtime = match self.mtime.or_else(|| clock.mtime_to_set()) {
            None if self.created.elapsed() > QUICK => Some(clock.now()),
            mtime => mtime,
        };
        if let Some(mtime) = mtime
            && self.given != Some(mtime)
        {
            usage::set_mtime(&self.file, mtime).map_err(|e| self.write_failed(e))?;
            self.given = Some(mtime);
        }
        if durable && !self.is_synced {
            let name = self.name.as_deref().unwrap_or_default();
            self.root.sync_file(name, &self.file).map_err(|e| self.write_failed(e))?;
            self.is_synced = true;
        }
        Ok(())
    }

    fn sync_folder_of(&self, to: &str, durable: bool) -> Result<()> {
        if !durable {
            return Ok(());
        }
        let path = || folder_path(self.root, layout::folder_of(to));
        self.root.sync_folder_of(to).map_err(|e| Error::io("sync", path())(e))
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name
            && !self.published
        {
            self.root.remove_file(name).ok();
        }
    }
}

/// Nobody else has it open yet, so there is nothing to wait for. A file system without locks is one
/// without trims that would have to be kept away.
fn lock(file: &File) {
    FileExt::try_lock_shared(file).ok();
}

fn folder_path(root: &Root, folder: u8) -> std::path::PathBuf {
    root.path_of(&layout::folder(folder))
}
