//! Removing files that others may be using.

use std::io::{self, ErrorKind};

use fs4::{FileExt, TryLockError};

use crate::layout;
use crate::look::{Kind, Look};
use crate::root::{Folder, Root, look_at};
use crate::shortage::is_shortage;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// Entries of actions.
    pub entries: u64,
    /// Outputs.
    pub outputs: u64,
    /// Temporary files of writers that are gone.
    pub leftovers: u64,
    /// What all of them took on disk, in bytes.
    pub bytes: u64,
}

impl Removed {
    /// Counts one file of this name that took `bytes` on disk.
    pub(crate) fn count(&mut self, name: &str, bytes: u64) {
        match () {
            () if name.ends_with("-a") => self.entries += 1,
            () if name.ends_with("-d") => self.outputs += 1,
            () => self.leftovers += 1,
        }
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What became of a file that was to be removed.
pub(crate) enum Removal {
    /// It was removed.
    Done,
    /// Someone holds it, or has used it since it was judged.
    InUse,
    /// It was gone already.
    Gone,
}

/// Removes what `name`, which is in `folder`, leads to when `due` says so of it, unless someone is
/// using it.
///
/// Whoever uses a stale file locks it, marks it, and sees whether it is still there; whoever gives
/// its name to a new file locks the old one meanwhile. Here the lock is exclusive and is not waited
/// for, and once it is held the mark and the name are looked at again: so either the user finds the
/// file gone, or this finds it marked or replaced.
pub(crate) fn remove_if(
    root: &Root,
    folder: &Folder,
    name: &str,
    due: &dyn Fn(&Look) -> bool,
) -> io::Result<Removal> {
    let inner = layout::in_folder(name);
    let file = match folder.open_file(inner) {
        Ok(file) => Some(file),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Removal::Gone),
        Err(e) if is_shortage(&e) => return Err(e),
        // A link, a socket, another user's: it cannot be locked, but nor can anyone use it.
        Err(_) => None,
    };
    if let Some(file) = &file
        && let Err(TryLockError::WouldBlock) = FileExt::try_lock(file)
    {
        return Ok(Removal::InUse);
    }
    let Some(look) = folder.look_if_there(inner)? else { return Ok(Removal::Gone) };
    let is_locked = match &file {
        Some(file) => look_at(file)?.identity == look.identity,
        None => true,
    };
    if !is_locked || !due(&look) {
        return Ok(Removal::InUse);
    }
    remove(root, folder, name, look.kind)?;
    Ok(Removal::Done)
}

/// Removes what `name`, which is in `folder`, leads to. A folder goes under another name first, so
/// that nobody finds it half empty.
pub(crate) fn remove(root: &Root, folder: &Folder, name: &str, kind: Kind) -> io::Result<()> {
    let removed = if kind == Kind::Folder {
        let aside = root.temporary_name(layout::folder_of(name));
        root.rename(name, &aside).and_then(|()| root.remove(&aside, kind))
    } else {
        folder.remove_file(layout::in_folder(name))
    };
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Removes what was `seen` under a name, unless another has put something else there meanwhile.
pub(crate) fn take_away(root: &Root, name: &str, seen: &Look) -> io::Result<()> {
    let aside = root.temporary_name(layout::folder_of(name));
    match root.rename(name, &aside) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        result => result?,
    }
    // As a leftover that is old and unlocked, it may already have been trimmed.
    let Some(taken) = root.look_if_there(&aside)? else { return Ok(()) };
    if taken.identity != seen.identity && root.rename(&aside, name).is_ok() {
        return Ok(());
    }
    root.remove(&aside, taken.kind)
}

/// What a file, or a folder with all that is directly in it, takes on disk, in bytes.
pub(crate) fn on_disk(root: &Root, name: &str, look: &Look) -> u64 {
    let mut bytes = look.on_disk;
    if look.kind == Kind::Folder
        && let Ok(folder) = root.open_folder_named(name)
    {
        let listed = folder.each_name(&mut |name| {
            bytes = bytes.saturating_add(folder.look(name).map_or(0, |look| look.on_disk));
            Ok(())
        });
        if let Err(e) = listed {
            tracing::debug!("cannot list {name}: {e}");
        }
    }
    bytes
}
