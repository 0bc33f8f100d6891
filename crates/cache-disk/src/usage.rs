//! Mtimes as the log of use.
//!
//! Setting an mtime at every use would write to the disk at every read; once an hour is enough to
//! tell what was used in the last five days. So an mtime says when something was last used, or up
//! to an hour before that.

use std::fs::File;
use std::io;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use filetime::FileTime;
use fs4::{FileExt, TryLockError};

use crate::clock::Clock;
use crate::root::{Root, look_at};
use crate::shortage::is_shortage;

/// How old an mtime may grow before a use sets it again.
pub(crate) const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// A trimmer holds its lock on a file for two system calls. One that holds it longer is stopped in
/// the debugger or worse, and is not waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Whether a file with this mtime is used now without a new mark. An mtime over an hour in the
/// future is as wrong as an old one: it would keep the file until that time comes.
pub(crate) fn is_fresh(mtime: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(mtime) {
        Ok(age) => age < INTERVAL,
        Err(ahead) => ahead.duration() <= INTERVAL,
    }
}

/// Marks a stale file or folder, which `name` leads to, as used now. Returns whether it is still
/// there: a trim may have removed it, and then it must not be given out.
///
/// The shared lock is what a trim's exclusive one excludes: either the trim comes first, and then
/// the name is gone afterwards, or it comes later and sees the new mark. Where the mark cannot be
/// set, as in a directory that is read-only, the file is used without.
pub(crate) fn mark(root: &Root, clock: &Clock, name: &str, file: &File) -> io::Result<bool> {
    let locked = match lock_shared(file) {
        Lock::Held => true,
        Lock::Unsupported => false,
        // Whoever holds it may be about to remove the file.
        Lock::Refused => return Ok(false),
    };
    set_mtime(file, clock.now()).ok();
    let linked = leads_to(root, name, file)?;
    if locked {
        FileExt::unlock(file).ok();
    }
    Ok(linked)
}

/// [`mark`] by name. What cannot be opened cannot be marked; whoever reads it will say why.
pub(crate) fn mark_by_name(root: &Root, clock: &Clock, name: &str) -> io::Result<bool> {
    match root.open_file(name) {
        Ok(file) => mark(root, clock, name, &file),
        Err(e) => Ok(e.kind() != io::ErrorKind::NotFound),
    }
}

/// Keeps a trim and a repair away from what `name` leads to while the returned file is open, so that
/// the name can be given to a new file: without that, one that has judged the old file would remove
/// the new one. `None`: nothing is there, or nothing that can be opened.
///
/// # Errors
///
/// When someone else has locked it and does not let go, and when no more files can be opened.
pub(crate) fn hold(root: &Root, name: &str) -> io::Result<Option<File>> {
    let file = match root.open_file(name) {
        Ok(file) => file,
        Err(e) if is_shortage(&e) => return Err(e),
        Err(_) => return Ok(None),
    };
    match lock_shared(&file) {
        Lock::Held | Lock::Unsupported => Ok(Some(file)),
        Lock::Refused => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

/// Whether an mtime is over an hour in the future.
pub(crate) fn is_ahead(mtime: SystemTime, now: SystemTime) -> bool {
    mtime.duration_since(now).is_ok_and(|ahead| ahead > INTERVAL)
}

/// Sets an mtime that is over an hour in the future to now: some clock was wrong, and the file would
/// otherwise stay until that time comes. What somebody holds is left alone: a writer is about to give
/// it another name, and goes by the cache's clock, which may be another one.
pub(crate) fn end_future(root: &Root, now: SystemTime, name: &str, mtime: SystemTime) {
    if is_ahead(mtime, now)
        && let Ok(file) = root.open_file(name)
        && !matches!(FileExt::try_lock(&file), Err(TryLockError::WouldBlock))
        // It may have been given its other name, and let go, since it was opened.
        && leads_to(root, name, &file).unwrap_or(false)
    {
        set_mtime(&file, now).ok();
    }
}

/// Whether a name leads to this open file or folder.
fn leads_to(root: &Root, name: &str, file: &File) -> io::Result<bool> {
    match (root.look(name), look_at(file)) {
        (Ok(now), Ok(held)) => Ok(now.identity == held.identity),
        (Err(e), _) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        (Err(e), _) | (_, Err(e)) => Err(e),
    }
}

/// Sets an open file's or folder's mtime, and its access time with it.
pub(crate) fn set_mtime(file: &File, time: SystemTime) -> io::Result<()> {
    let time = FileTime::from_system_time(time);
    filetime::set_file_handle_times(file, Some(time), Some(time))
}

enum Lock {
    Held,
    /// The file system has no locks, so no trim has one either.
    Unsupported,
    /// Someone does not let go.
    Refused,
}

fn lock_shared(file: &File) -> Lock {
    let start = Instant::now();
    loop {
        match FileExt::try_lock_shared(file) {
            Ok(()) => return Lock::Held,
            Err(TryLockError::Error(_)) => return Lock::Unsupported,
            Err(TryLockError::WouldBlock) if start.elapsed() > LOCK_PATIENCE => {
                return Lock::Refused;
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}
