//! Small files that are locked while they are read or written, as Go locks `trim.txt`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::thread;
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};

use crate::root::Root;

/// Everyone holds these locks for as long as it takes to read or write a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// The content under a shared lock; `None` when there is no such file.
pub(crate) fn read(root: &Root, name: &str) -> io::Result<Option<String>> {
    let mut file = match root.open_regular(name) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    wait(|| FileExt::try_lock_shared(&file))?;
    content(&mut file).map(Some)
}

/// [`read`], where a file that cannot be read is as good as none.
pub(crate) fn read_or_nothing(root: &Root, name: &str) -> Option<String> {
    read(root, name).unwrap_or_else(|e| {
        tracing::debug!("cannot read {name}: {e}");
        None
    })
}

/// Replaces the content by what `change` makes of it, under an exclusive lock. Returns whether
/// `change` wanted to. What does not fit on the disk leaves the old content.
pub(crate) fn replace(
    root: &Root,
    name: &str,
    change: impl FnOnce(&str) -> Option<String>,
) -> io::Result<bool> {
    // Not truncated on opening: what stands in it is read once the lock is held.
    let mut file = root.open_or_create(name)?;
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
pub(crate) fn try_hold(root: &Root, name: &str) -> io::Result<Option<File>> {
    let file = root.open_or_create(name)?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
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
