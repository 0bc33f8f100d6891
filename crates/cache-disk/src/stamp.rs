//! Small files that are locked while they are read or written, as Go locks `trim.txt`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};

/// Everyone holds these locks for as long as it takes to read or write a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// The content under a shared lock; `None` when there is no such file.
fn read(path: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    wait(|| FileExt::try_lock_shared(&file))?;
    content(&mut file).map(Some)
}

/// [`read`], where a file that cannot be read is as good as none.
pub(crate) fn read_or_nothing(path: &Path) -> Option<String> {
    read(path).unwrap_or_else(|e| {
        tracing::debug!("cannot read {}: {e}", path.display());
        None
    })
}

/// Replaces the content by what `change` makes of it, under an exclusive lock. Returns whether
/// `change` wanted to. What does not fit on the disk leaves the old content.
pub(crate) fn replace(
    path: &Path,
    change: impl FnOnce(&str) -> Option<String>,
) -> io::Result<bool> {
    let mut file = open(path)?;
    wait(|| FileExt::try_lock(&file))?;
    let old = content(&mut file)?;
    let Some(new) = change(&old) else { return Ok(false) };
    let written = write(&mut file, &new);
    if written.is_err() {
        write(&mut file, &old).ok();
    }
    written.map(|()| true)
}

/// Locks a file for as long as the returned handle lives; `None` when someone else has it.
pub(crate) fn try_hold(path: &Path) -> io::Result<Option<File>> {
    let file = open(path)?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Never truncates on opening: what stands in the file is read once the lock is held.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// No stamp of ours or of Go's is longer than a line, and no position than its histogram.
fn content(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes first and cuts afterwards, so that the space is not given away before the new content is
/// there.
fn write(file: &mut File, content: &str) -> io::Result<()> {
    file.rewind()?;
    file.write_all(content.as_bytes())?;
    file.set_len(content.len() as u64)
}

fn wait(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                return Err(ErrorKind::WouldBlock.into());
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
        }
    }
}
