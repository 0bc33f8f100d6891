//! Reading an open file from its beginning.

use std::fs::File;
use std::io::{self, Read};

/// A file's content from its beginning, wherever its position is. On Unix the position is neither
/// used nor moved, so any number of readers may share one open file: that is how a cache reads
/// [`Source::File`](crate::Source::File).
#[derive(Debug)]
pub struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl<'a> FromStart<'a> {
    /// A reader that stands at the beginning.
    pub fn new(file: &'a File) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(self.file, buffer, self.at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(self.file, buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
