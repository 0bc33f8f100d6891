//! What the fuzz targets share: streams that come in pieces, and the formats of `cache-remote`.

use std::io::{self, Read};

// Private to their crate, and taken by their files: the crate itself would bring the clients of every
// object store, which take minutes to build.
#[path = "../../crates/cache-remote/src"]
#[allow(dead_code, unused_imports)]
mod remote {
    pub mod claims;
    pub(crate) mod day;
    pub(crate) mod journal;
    pub(crate) mod list;
    pub(crate) mod malformed;
    pub(crate) mod object;
    pub(crate) mod pack;
    pub(crate) mod sign;
}
pub use remote::claims;
// Where they look for each other.
use remote::{day, journal, list, malformed, object, pack, sign};

/// A stream in reads of a fixed size that counts what it gave.
pub struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
    /// Bytes given so far.
    pub given: u64,
    /// Reads after the end; a reader that goes on after many of them hangs.
    after_the_end: u32,
}

impl<'a> Pieces<'a> {
    /// `bytes`, in reads of that size.
    pub fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { rest: bytes, size, given: 0, after_the_end: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.rest.len().min(self.size).min(buffer.len());
        let (now, rest) = self.rest.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.rest = rest;
        self.given += n as u64;
        self.after_the_end += u32::from(n == 0);
        assert!(self.after_the_end < 100, "read again and again after the end");
        Ok(n)
    }
}

/// The error's text, after a look at its place.
pub fn placed(error: &cache_prog_wire::Error, length: usize) -> String {
    assert!(error.byte <= length as u64, "{error}, of {length} bytes");
    error.to_string()
}
