//! Reading an open file from its beginning.

use std::fs::File;
use std::io::{self, Read};

#[cfg(unix)]
use rustix::buffer::spare_capacity;

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

    /// The next `length` bytes, or fewer at the end. On Unix the memory for them is not zeroed before
    /// it is read into.
    ///
    /// # Errors
    ///
    /// Failures of reading.
    pub fn read_new(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length);
        #[cfg(unix)]
        while bytes.len() < length {
            let at = self.at + bytes.len() as u64;
            match rustix::io::pread(self.file, spare_capacity(&mut bytes), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        #[cfg(not(unix))]
        Self { ..*self }.take(length as u64).read_to_end(&mut bytes)?;
        // The allocator may have given more than was asked for.
        bytes.truncate(length);
        self.at += bytes.len() as u64;
        Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "0123456789").unwrap();
        let file = File::open(&path).unwrap();
        let mut reader = FromStart::new(&file);
        assert_eq!(reader.read_new(0).unwrap(), b"");
        assert_eq!(reader.read_new(4).unwrap(), b"0123");
        assert_eq!(io::read_to_string(&mut reader.by_ref().take(2)).unwrap(), "45");
        assert_eq!(reader.read_new(9).unwrap(), b"6789");
        assert_eq!(reader.read_new(9).unwrap(), b"");
        assert_eq!(FromStart::new(&file).read_new(2).unwrap(), b"01");
    }
}
