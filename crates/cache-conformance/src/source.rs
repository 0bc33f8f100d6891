//! Sources of a put: every kind of good one, and bad ones.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

use cache_core::{OutputId, Source};

use crate::dice::Dice;

/// The kinds of [`Source`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Bytes,
    File,
    Seekable,
    Reader,
    Promised,
}

pub(crate) const KINDS: [Kind; 5] =
    [Kind::Bytes, Kind::File, Kind::Seekable, Kind::Reader, Kind::Promised];

/// Calls `put` with a source of this kind that gives `bytes`, a little at a time.
pub(crate) fn with<T>(kind: Kind, bytes: &[u8], put: impl FnOnce(Source<'_>) -> T) -> T {
    let mut trickle = Trickle::new(Cursor::new(bytes));
    match kind {
        Kind::Bytes => put(Source::Bytes(bytes)),
        Kind::File => put(Source::File(&file(bytes))),
        Kind::Seekable => put(Source::Seekable(&mut trickle)),
        Kind::Reader => put(Source::Reader(&mut trickle)),
        Kind::Promised => put(promise(bytes, &mut trickle)),
    }
}

/// The promise of `bytes`, whatever the body is.
pub(crate) fn promise<'a>(bytes: &[u8], body: &'a mut (dyn Read + Send)) -> Source<'a> {
    Source::Promised { output: OutputId::of(bytes), size: bytes.len() as u64, body }
}

/// A file without a name that holds `bytes` and stands at its end.
pub(crate) fn file(bytes: &[u8]) -> File {
    let written = tempfile::tempfile().and_then(|mut file| {
        file.write_all(bytes)?;
        Ok(file)
    });
    written.unwrap_or_else(|e| panic!("cannot write a temporary file to put from: {e}"))
}

/// Gives the bytes of another reader in pieces of all sizes, with an interruption now and then.
pub(crate) struct Trickle<R> {
    inner: R,
    dice: Dice,
}

impl<R> Trickle<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, dice: Dice::new(1) }
    }
}

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = match self.dice.below(8) {
            0 => return Err(ErrorKind::Interrupted.into()),
            1 => 1,
            _ => 1 + self.dice.below(100_000),
        };
        let piece = piece.min(buffer.len());
        self.inner.read(&mut buffer[..piece])
    }
}

impl<R: Seek> Seek for Trickle<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Gives `good` bytes and then fails, on the pass with this number, counted from 0; the passes
/// before it are whole.
pub(crate) struct Failing<'a> {
    bytes: Cursor<&'a [u8]>,
    good: u64,
    passes_left: usize,
    read: bool,
}

impl<'a> Failing<'a> {
    pub(crate) fn new(bytes: &'a [u8], good: usize, pass: usize) -> Self {
        Self { bytes: Cursor::new(bytes), good: good as u64, passes_left: pass, read: false }
    }
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read = true;
        let left = if self.passes_left > 0 {
            u64::MAX
        } else {
            match self.good.saturating_sub(self.bytes.position()) {
                0 => return Err(io::Error::other("this source fails on purpose")),
                left => left,
            }
        };
        (&mut self.bytes).take(left).read(buffer)
    }
}

impl Seek for Failing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.bytes.seek(to)?;
        if position == 0 && self.read {
            self.read = false;
            self.passes_left = self.passes_left.saturating_sub(1);
        }
        Ok(position)
    }
}

/// Has other bytes on every pass.
pub(crate) struct Changing<'a> {
    versions: &'a [Vec<u8>],
    version: usize,
    position: usize,
    read: bool,
}

impl<'a> Changing<'a> {
    /// With one version at least; the last one stays.
    pub(crate) fn new(versions: &'a [Vec<u8>]) -> Self {
        Self { versions, version: 0, position: 0, read: false }
    }

    fn now(&self) -> &[u8] {
        &self.versions[self.version]
    }
}

impl Read for Changing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read = true;
        let left = self.now().get(self.position..).unwrap_or_default();
        let n = left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&left[..n]);
        self.position += n;
        Ok(n)
    }
}

impl Seek for Changing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (0, at.try_into()),
            SeekFrom::Current(by) => (self.position, Ok(by)),
            SeekFrom::End(by) => (self.now().len(), Ok(by)),
        };
        let position = by.ok().and_then(|by| from.checked_add_signed(by as isize));
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        if self.position == 0 && self.read {
            self.read = false;
            self.version = (self.version + 1).min(self.versions.len() - 1);
        }
        Ok(self.position as u64)
    }
}
