//! The standard streams, as the command's output passes through them.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// A standard stream without a buffer: what a command writes is seen when it writes it.
pub(super) struct Passing<'a> {
    stream: File,
    cursor: Option<&'a Cursor>,
}

/// Where a terminal's cursor is that both what the command writes and what this command says goes
/// to.
#[derive(Default)]
pub(super) struct Cursor {
    is_in_line: Cell<bool>,
}

impl Cursor {
    /// Ends the line on the terminal, if what the command wrote last did not.
    pub(super) fn end_line(&self) {
        if self.is_in_line.take() {
            // When stderr is gone there is nobody to tell.
            let _ = writeln!(io::stderr().lock());
        }
    }
}

impl<'a> Passing<'a> {
    pub(super) fn stdout(cursor: &'a Cursor) -> Result<Self, Failure> {
        let stdout = io::stdout();
        Self::new(unbuffered(&stdout)?, stdout.is_terminal(), cursor)
    }

    pub(super) fn stderr(cursor: &'a Cursor) -> Result<Self, Failure> {
        let stderr = io::stderr();
        Self::new(unbuffered(&stderr)?, stderr.is_terminal(), cursor)
    }

    fn new(stream: File, is_terminal: bool, cursor: &'a Cursor) -> Result<Self, Failure> {
        let is_shared = is_terminal && io::stderr().is_terminal();
        Ok(Self { stream, cursor: is_shared.then_some(cursor) })
    }
}

impl Write for Passing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(bytes)?;
        if let (Some(cursor), Some(last)) = (self.cursor, bytes[..n].last()) {
            cursor.is_in_line.set(*last != b'\n');
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(unix)]
fn unbuffered(stream: &impl std::os::fd::AsFd) -> Result<File, Failure> {
    Ok(stream.as_fd().try_clone_to_owned().map_err(Failure::Output)?.into())
}

#[cfg(windows)]
fn unbuffered(stream: &impl std::os::windows::io::AsHandle) -> Result<File, Failure> {
    Ok(stream.as_handle().try_clone_to_owned().map_err(Failure::Output)?.into())
}
