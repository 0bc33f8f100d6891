//! The journal: which results are still to be uploaded, so that a process that is killed loses none.
//!
//! Each process has a file of its own, which it locks as long as it lives and only appends to. A file
//! that is not locked is of a process that is gone; the next one takes over what is in it. So nobody
//! waits for anybody, and nothing has to be agreed on.
//!
//! Nothing is synced: a put is answered when the kernel has its line, which a killed process leaves
//! behind. After a loss of power, uploads of the last seconds may be forgotten.

mod left;
mod own;
mod pending;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache_core::{ActionId, Error, Result};
use fs4::{FileExt, TryLockError};
use sha2::{Digest, Sha256};

pub use left::{UploadsLeft, uploads_left};
use own::Own;
pub(crate) use pending::Pending;

/// Where the journals are in Larder's own folder, those for each store in one of their own.
const FOLDER: &str = "uploads";
/// The version of the form is in the end of the name: what another Larder writes is left to it.
const SUFFIX: &str = ".journal";
/// A file that is not a journal yet.
const NEW: &str = ".new";

/// What a journal may hold.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// How many uploads may be waiting. Of a store that is gone for weeks, there would be ever more.
    pending: usize,
    /// From this size in bytes on, a file of which more than half is done is rewritten.
    rewrite: u64,
}

const LIMITS: Limits = Limits { pending: 200_000, rewrite: 1 << 20 };

/// Larger files, in bytes, are not ours: with as much waiting as may be, ours have half of it.
const READ: u64 = 64 << 20;

/// The uploads that this process still has to do. Dropping it leaves behind what is not done, for
/// the next process.
#[derive(Debug)]
pub(crate) struct Journal {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    own: Own,
    pending: Pending,
}

impl Journal {
    /// A journal of uploads from the cache directory `dir` to the store of that name, which must not
    /// hold a secret. Returns also what processes that are gone have left to do, the oldest first; all
    /// of it counts as put here.
    ///
    /// # Errors
    ///
    /// When no file can be made, locked and written in the directory. What of the others cannot be
    /// read stays where it is.
    pub(crate) fn open(dir: &Path, store: &str) -> Result<(Self, Vec<ActionId>)> {
        Self::open_with(dir, store, LIMITS)
    }

    fn open_with(dir: &Path, store: &str, limits: Limits) -> Result<(Self, Vec<ActionId>)> {
        let folder = folder(dir, store);
        let mut own = Own::create(&folder)?;
        let mut pending = Pending::default();
        for path in others(&folder, &own)? {
            if let Err(e) = adopt(&path, &mut own, &mut pending, limits) {
                tracing::warn!("cannot take over {}: {e}", path.display());
            }
        }
        let adopted = pending.in_order();
        Ok((Self { limits, state: Mutex::new(State { own, pending }) }, adopted))
    }

    /// Notes that the result of `action` is to be uploaded, once more if it is noted already: each
    /// wants a [`done`](Self::done) of its own, for the result may have changed between the two.
    ///
    /// # Errors
    ///
    /// When it could not be written down, or too much is waiting already. Nothing is noted then.
    pub(crate) fn put(&self, action: &ActionId) -> Result<()> {
        let mut state = self.state();
        let State { own, pending } = &mut *state;
        let noted = if pending.len() < self.limits.pending {
            own.append(&pending::put_line(action))
        } else {
            let text = format!("{} are waiting already", self.limits.pending);
            Err(io::Error::new(ErrorKind::QuotaExceeded, text))
        };
        noted.map_err(Error::io("note an upload in", own.path()))?;
        pending.put(action);
        Ok(())
    }

    /// Notes that one upload of `action` is done. When that cannot be written down, it is done once
    /// more by another process, which harms nothing.
    pub(crate) fn done(&self, action: &ActionId) {
        let mut state = self.state();
        let State { own, pending } = &mut *state;
        if !pending.done(action) {
            return;
        }
        let written = own.append(&pending::done_line(action));
        let written =
            written.and_then(|()| own.rewrite_when_mostly_done(pending, self.limits.rewrite));
        if let Err(e) = written {
            tracing::debug!("cannot note in {} that an upload is done: {e}", own.path().display());
        }
    }

    /// How many uploads are still to be done.
    #[cfg(test)]
    fn pending(&self) -> usize {
        self.state().pending.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked elsewhere has not left it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.pending.len() == 0 {
            state.own.remove();
        }
    }
}

/// The folder in Larder's own: one for each store, so that nothing goes to a store that it was not
/// meant for.
pub(crate) fn own_folder(store: &str) -> String {
    format!("{FOLDER}/{}", hex::encode(&Sha256::digest(store)[..8]))
}

fn folder(dir: &Path, store: &str) -> PathBuf {
    dir.join("larder").join(own_folder(store))
}

/// The files that are not ours, the oldest first.
fn others(folder: &Path, own: &Own) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io("list", folder)(e);
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if is_file_named(&path, &[SUFFIX, NEW]) && path != own.path() {
            others.push((metadata.modified().ok(), path));
        }
    }
    others.sort();
    Ok(others.into_iter().map(|(_, path)| path).collect())
}

/// Whether it is a file whose name ends so. Opening a FIFO may take for ever.
fn is_file_named(path: &Path, ends: &[&str]) -> bool {
    ends.iter().any(|end| name_of(path).ends_with(end))
        && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Takes over what a process that is gone has left to do. What one that lives writes to is left
/// alone, and so is what is more than there is room for.
fn adopt(path: &Path, own: &mut Own, pending: &mut Pending, limits: Limits) -> io::Result<()> {
    let Some(file) = try_take(path)? else { return Ok(()) };
    // What was never finished is a copy of what is in another file.
    if !name_of(path).ends_with(NEW) {
        if file.metadata()?.len() > READ {
            return Err(io::Error::new(ErrorKind::FileTooLarge, format!("over {READ} bytes")));
        }
        let mut bytes = Vec::new();
        (&file).take(READ).read_to_end(&mut bytes)?;
        let left = Pending::replay(&bytes).in_order();
        if pending.len() + left.len() > limits.pending {
            return Ok(());
        }
        // Not once more what the two have in common, as a file and its rewritten form do.
        let left: Vec<_> = left.into_iter().filter(|action| !pending.has(action)).collect();
        own.append(&left.iter().map(pending::put_line).collect::<String>())?;
        left.iter().for_each(|action| pending.put(action));
    }
    own::remove(path, &file)
}

/// Opens and locks a file; `None` when somebody else has it, or had it and has removed it.
fn try_take(path: &Path) -> io::Result<Option<File>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

#[cfg(test)]
mod tests;
