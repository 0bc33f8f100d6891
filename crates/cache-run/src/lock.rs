//! One lock for each result, so that two equal runs run the command once.
//!
//! There are two files. The first is locked by who runs the command, and by nobody else: when that
//! process is gone, killed perhaps, the lock is gone too. The second is also held by the command
//! and by everything that it starts, which inherit its descriptor: after a run whose process was
//! killed it tells whether somebody may still be writing outputs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{ActionId, refuse_what_is_no_file};
use fs4::{FileExt, TryLockError};

use crate::Note;

/// How long what a killed run has started is waited for.
const ORPHANS: Duration = Duration::from_secs(30);

/// The longest pause between two looks at a lock that somebody else has.
const PAUSE: Duration = Duration::from_millis(50);

/// After this time a lock that nobody holds is one that a killed run has left.
const LEFT: Duration = Duration::from_secs(10 * 60);

/// What the name of the second file ends in.
pub(crate) const COMMAND: &str = "-command";

/// The right to run a command and to store its result. Given back when it is dropped.
pub(crate) struct Lock {
    // In this order: who comes next takes the first, and then expects the second to be free.
    command: Option<Held>,
    _owner: Held,
}

impl Lock {
    /// The file for the command to inherit. `None` when what a killed run has started still holds
    /// it: then nothing may be stored.
    pub(crate) fn for_command(&self) -> Option<&File> {
        self.command.as_ref().map(|held| &held.file)
    }
}

/// Takes the lock of a key, however long its owner takes; `told` hears whom it waits for, when that
/// is not at once. `None` when `stop` says so.
pub(crate) fn take(
    folder: &Path,
    key: &ActionId,
    told: &mut dyn FnMut(&Note<'_>),
    stop: &dyn Fn() -> bool,
) -> io::Result<Option<Lock>> {
    take_within(folder, key, told, stop, ORPHANS)
}

/// [`take`] that waits this long for what a killed run has started.
fn take_within(
    folder: &Path,
    key: &ActionId,
    told: &mut dyn FnMut(&Note<'_>),
    stop: &dyn Fn() -> bool,
    orphans: Duration,
) -> io::Result<Option<Lock>> {
    fs::create_dir_all(folder)?;
    let first = folder.join(key.to_string());
    let second = folder.join(format!("{key}{COMMAND}"));

    let mut pause = Pause::default();
    let mut owner = loop {
        match Held::try_take(&first)? {
            Attempt::Taken(held) => break held,
            Attempt::InUse(mut file) => {
                if pause.is_first() {
                    told(&Note::Waiting(process_in(&mut file)));
                }
            }
            Attempt::Removed => continue,
        }
        if stop() {
            return Ok(None);
        }
        pause.sleep();
    };
    owner.sign();

    let mut pause = Pause::default();
    let command = loop {
        match Held::try_take(&second)? {
            Attempt::Taken(held) => break Some(held),
            Attempt::InUse(_) if pause.since.elapsed() >= orphans => break None,
            Attempt::InUse(_) if pause.is_first() => told(&Note::WaitingForOrphans),
            Attempt::InUse(_) => {}
            Attempt::Removed => continue,
        }
        if stop() {
            return Ok(None);
        }
        pause.sleep();
    };
    remove_left(folder);
    Ok(Some(Lock { command, _owner: owner }))
}

/// Removes the locks of runs that were killed and whose keys nobody asks for any more.
fn remove_left(folder: &Path) {
    for name in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_old = |name: &fs::DirEntry| {
            let age = name.metadata().ok()?.modified().ok()?.elapsed().ok()?;
            Some(age > LEFT)
        };
        if name.file_name().to_str().is_some_and(is_lock) && is_old(&name) == Some(true) {
            // Dropping it removes it. Somebody's stays somebody's.
            drop(Held::try_take(&name.path()));
        }
    }
}

/// Whether a file of this name is the first or the second of a lock.
pub(crate) fn is_lock(name: &str) -> bool {
    name.strip_suffix(COMMAND).unwrap_or(name).parse::<ActionId>().is_ok()
}

/// A locked file, which is removed before it is unlocked.
struct Held {
    path: PathBuf,
    file: File,
}

enum Attempt {
    Taken(Held),
    /// Somebody else has it.
    InUse(File),
    /// It was removed by who had it, after it was opened here.
    Removed,
}

impl Held {
    fn try_take(path: &Path) -> io::Result<Attempt> {
        refuse_what_is_no_file(path)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match FileExt::try_lock(&file) {
            Ok(()) if is_still(&file, path)? => {
                Ok(Attempt::Taken(Self { path: path.to_owned(), file }))
            }
            Ok(()) => Ok(Attempt::Removed),
            Err(TryLockError::WouldBlock) => Ok(Attempt::InUse(file)),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    /// Writes down whose it is. Only a message needs that, so a full disk is no reason to stop.
    fn sign(&mut self) {
        let text = format!("{}\n", std::process::id());
        let signed = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
        if let Err(e) = signed {
            tracing::debug!("cannot write to {}: {e}", self.path.display());
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if REMOVES && let Err(e) = fs::remove_file(&self.path) {
            tracing::debug!("cannot remove {}: {e}", self.path.display());
        }
        // Closing would not do it as long as something that the command started has it too.
        if let Err(e) = FileExt::unlock(&self.file) {
            tracing::warn!("cannot unlock {}: {e}", self.path.display());
        }
    }
}

fn process_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Pauses that become longer.
struct Pause {
    since: Instant,
    next: Duration,
}

impl Default for Pause {
    fn default() -> Self {
        Self { since: Instant::now(), next: Duration::from_millis(1) }
    }
}

impl Pause {
    fn is_first(&self) -> bool {
        self.next == Duration::from_millis(1)
    }

    fn sleep(&mut self) {
        thread::sleep(self.next);
        self.next = (2 * self.next).min(PAUSE);
    }
}

/// Whether locked files are removed: only where it can be told afterwards that one was.
const REMOVES: bool = cfg!(unix);

/// Whether `file` is what stands at `path` now.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests;
