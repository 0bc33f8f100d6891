//! Reading and writing at a position, whatever the file's own position is.

use std::fs::File;
use std::io::{self, ErrorKind};

/// Reads at `at` with one system call: a regular file gives less than was asked for only at its
/// end.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    retried(|| std::os::unix::fs::FileExt::read_at(file, buffer, at))
}

/// Reads at `at`. Moves the file's position, which nothing here goes by.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    retried(|| std::os::windows::fs::FileExt::seek_read(file, buffer, at))
}

/// Writes all of `bytes` at `at`.
#[cfg(unix)]
pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// Writes all of `bytes` at `at`. Moves the file's position, which nothing here goes by.
#[cfg(windows)]
pub(crate) fn write_at(mut file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};

    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
