//! A command's stdin as an input.

use std::fs::File;
use std::io::{self, Read, Write};

use cache_core::OutputId;

/// What a command is to be given as its stdin, in a file without a name.
#[derive(Debug)]
pub struct Stdin {
    /// The bytes: for [`Streams::stdin`](crate::Streams::stdin).
    pub file: File,
    /// Their hash: for [`Task::stdin`](crate::Task::stdin).
    pub output: OutputId,
}

/// Reads `reader` to its end.
///
/// # Errors
///
/// Those of the reader, and of writing a temporary file.
pub fn read_stdin(reader: &mut dyn Read) -> io::Result<Stdin> {
    let mut file = tempfile::tempfile()?;
    let (output, _) = OutputId::of_reader(&mut Keeping { reader, file: &mut file })?;
    Ok(Stdin { file, output })
}

/// A reader that keeps what it gives.
struct Keeping<'a> {
    reader: &'a mut dyn Read,
    file: &'a mut File,
}

impl Read for Keeping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.file.write_all(&buffer[..n])?;
        Ok(n)
    }
}
