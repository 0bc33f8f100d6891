//! What the fuzz targets share: streams that come in pieces, and what is private to its crate.

use std::io::{self, Read};

// Private to their crates, and taken by their files. `cache-remote` itself would bring the clients of
// every object store, which take minutes to build.
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
#[path = "../../crates/cache-disk/src"]
#[allow(dead_code)]
mod disk {
    pub mod claims;
    pub(crate) mod entry_file;
}
#[path = "../../crates/cache-hash/src"]
mod hash {
    pub mod claims;
    pub(crate) mod quote;
}
#[path = "../../crates/cache-prog-client/src"]
#[allow(dead_code)]
mod client {
    pub mod claims;
    pub(crate) mod error;
    pub(crate) mod quoting;
}
// Where they look for each other.
use client::{error, quoting};
use disk::entry_file;
use hash::quote;
use remote::{day, journal, list, malformed, object, pack, sign};

// It uses nothing private, and is beside the tests that use it.
#[path = "../../crates/cache-default/tests/settings_claims/mod.rs"]
mod settings;

/// What holds for everything that is read.
pub mod claims {
    pub use crate::client::claims::command;
    pub use crate::disk::claims::entry;
    pub use crate::hash::claims::literal;
    pub use crate::remote::claims::{journal, list, object, pack};
    pub use crate::settings::Home;
}

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
