//! Put: the output first, then the entry that leads to it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, SeekFrom};

use cache_core::{
    ActionId, BrokenPromise, Entry, Error, FromStart, Lookup, OutputId, PutOptions, ReadSeek,
    Result, Source, Stored, VerifyMismatch,
};

use crate::disk::DiskCache;
use crate::hashing::hashed;
use crate::place::{self, Placed};
use crate::publish::Temporary;
use crate::root::{EXECUTABLE_MODE, FILE_MODE, look_at};

/// The likely size of a source that nothing is known of: small, as most outputs are.
const UNKNOWN: u64 = PIECE as u64;

/// How much is read and written at a time, in bytes.
const PIECE: usize = 128 << 10;

/// How often a name that others change at the same time is tried.
pub(crate) const TRIES: u32 = 16;

pub(crate) fn put(
    cache: &DiskCache,
    action: &ActionId,
    source: Source<'_>,
    options: &PutOptions,
) -> Result<Stored> {
    let put = Put { cache, action, options };
    let (output, size, placed) = match source {
        Source::Bytes(bytes) => put.bytes(bytes, |_, _| Ok(()))?,
        Source::Seekable(source) => put.seekable(source)?,
        Source::File(file) => {
            let size = look_at(file).map_or(UNKNOWN, |look| look.size);
            let mut source = FromStart::new(file);
            let first = source.read_new(reading_size(size));
            let first = first.map_err(|source| Error::Source { action: *action, source })?;
            put.once(first, &mut source, size, |_, _| Ok(()))?
        }
        Source::Reader(reader) => {
            let first = put.first_piece(reader, UNKNOWN)?;
            put.once(first, reader, UNKNOWN, |_, _| Ok(()))?
        }
        Source::Promised { output, size, body } => {
            // One byte more than promised is enough to see that the promise is broken.
            let mut body = body.take(size.saturating_add(1));
            let first = put.first_piece(&mut body, size)?;
            put.once(first, &mut body, size, |found, found_size| {
                if (found, found_size) == (output, size) {
                    return Ok(());
                }
                Err(Error::BrokenPromise(Box::new(BrokenPromise {
                    action: *action,
                    promised: output,
                    promised_size: size,
                    found,
                    found_size,
                })))
            })?
        }
    };
    let time = options.time.unwrap_or_else(|| cache.clock.now());
    let entry = Entry { output, size, time };
    put.entry(&entry, placed.was_there)?;
    Ok(Stored { entry, file: Some(placed.file) })
}

/// One put on its way.
pub(crate) struct Put<'a> {
    pub(crate) cache: &'a DiskCache,
    pub(crate) action: &'a ActionId,
    pub(crate) options: &'a PutOptions,
}

/// An output's ID, size in bytes and place.
pub(crate) type Output = (OutputId, u64, Placed);

impl<'a> Put<'a> {
    /// Hashed once to see whether it is there already, and once while it is copied. What fits into
    /// one piece is read once and put from memory.
    fn seekable(&self, source: &mut (dyn ReadSeek + Send)) -> Result<Output> {
        let failed = |source| Error::Source { action: *self.action, source };
        let likely_size = source.seek(SeekFrom::End(0)).map_err(failed)?;
        source.rewind().map_err(failed)?;
        let first = self.first_piece(source, likely_size)?;
        if is_whole(&first, likely_size) {
            return self.bytes(&first, |_, _| Ok(()));
        }
        let mut whole = first.chain(&mut *source);
        let (output, size) = OutputId::of_reader(&mut whole).map_err(failed)?;
        self.verify(output, size)?;
        let mut same = |file: &File| Ok(OutputId::of_reader(&mut { file })?.0 == output);
        let placed = self.place(output, size, &mut same, &mut || {
            source.rewind().map_err(failed)?;
            // One byte more than before is enough to see that it has grown.
            let mut again = (&mut *source).take(size.saturating_add(1));
            let (temporary, found, _) = self.copy(output.as_bytes()[0], &mut again, size)?;
            if found != output {
                return Err(Error::ContentChanged { action: *self.action });
            }
            Ok(temporary)
        })?;
        Ok((output, size, placed))
    }

    /// Read once, so that what is stored is what was hashed; `check` sees the output ID and the size
    /// before anything is published. `first` is the first piece of it, `source` what follows; it will
    /// have about `likely_size` bytes.
    ///
    /// What fits into one piece is put from memory. More is copied and hashed in one pass.
    fn once(
        &self,
        first: Vec<u8>,
        source: &mut dyn Read,
        likely_size: u64,
        check: impl FnOnce(OutputId, u64) -> Result<()>,
    ) -> Result<Output> {
        if is_whole(&first, likely_size) {
            return self.bytes(&first, check);
        }
        // The output's own folder is not known before its last byte.
        let (temporary, output, size) =
            self.copy(self.action.as_bytes()[0], &mut first.chain(source), likely_size)?;
        check(output, size)?;
        self.verify(output, size)?;
        let written = temporary.file().try_clone().map_err(|e| temporary.write_failed(e))?;
        let mut temporary = Some(temporary);
        let mut same = |file: &File| place::is_same(file, &mut FromStart::new(&written), size);
        let placed = self.place(output, size, &mut same, &mut || {
            temporary.take().ok_or(Error::ContentChanged { action: *self.action })
        })?;
        Ok((output, size, placed))
    }

    /// Copies a source into a temporary file and hashes what it writes.
    fn copy(
        &self,
        folder: u8,
        source: &mut dyn Read,
        likely_size: u64,
    ) -> Result<(Temporary<'a>, OutputId, u64)> {
        let mut temporary = self.temporary(folder)?;
        let (size, output) = hashed(likely_size, |hash| {
            let mut size = 0;
            let mut piece = vec![0; reading_size(likely_size)];
            loop {
                let n = self.read(source, &mut piece)?;
                temporary.write(&piece[..n]).map_err(|e| temporary.write_failed(e))?;
                size += n as u64;
                if n < piece.len() {
                    hash(piece, n);
                    return Ok(size);
                }
                piece = hash(piece, n);
            }
        })?;
        Ok((temporary, output, size))
    }

    /// As much of a source as is read at a time.
    fn first_piece(&self, source: &mut dyn Read, likely_size: u64) -> Result<Vec<u8>> {
        let mut piece = vec![0; reading_size(likely_size)];
        let n = self.read(source, &mut piece)?;
        piece.truncate(n);
        Ok(piece)
    }

    fn read(&self, source: &mut dyn Read, piece: &mut [u8]) -> Result<usize> {
        read_piece(source, piece).map_err(|source| Error::Source { action: *self.action, source })
    }

    pub(crate) fn temporary(&self, folder: u8) -> Result<Temporary<'a>> {
        match self.options.executable {
            Some(_) => Temporary::create(&self.cache.root, folder, EXECUTABLE_MODE),
            None => self.plain_temporary(folder),
        }
    }

    /// One for a file that is no executable.
    pub(crate) fn plain_temporary(&self, folder: u8) -> Result<Temporary<'a>> {
        let create =
            if self.options.durable { Temporary::create } else { Temporary::create_unnamed };
        create(&self.cache.root, folder, FILE_MODE)
    }

    /// In verify mode, compares what is being put with what is stored.
    pub(crate) fn verify(&self, output: OutputId, size: u64) -> Result<()> {
        let Some(reverse) = self.cache.verify.as_ref().filter(|_| self.options.verify) else {
            return Ok(());
        };
        match self.cache.look_up(self.action)? {
            Lookup::Hit(old) if (old.output, old.size) != (output, size) => {
                Err(Error::VerifyMismatch(Box::new(VerifyMismatch {
                    action: *self.action,
                    description: reverse(self.action),
                    old: old.output,
                    old_size: old.size,
                    new: output,
                    new_size: size,
                })))
            }
            _ => Ok(()),
        }
    }
}

/// A buffer for something of this size: small ones come from the allocator's own stock, large ones
/// from the kernel, page by page.
pub(crate) fn piece_for(size: u64) -> Vec<u8> {
    vec![0; piece_size(size)]
}

fn piece_size(size: u64) -> usize {
    usize::try_from(size).map_or(PIECE, |size| size.min(PIECE))
}

/// How much is read at a time of a source that will have about `likely_size` bytes: one byte more, so
/// that the end is seen with the piece.
fn reading_size(likely_size: u64) -> usize {
    piece_size(likely_size.saturating_add(1))
}

/// Whether a [first piece](Put::first_piece) is all of a source.
fn is_whole(first: &[u8], likely_size: u64) -> bool {
    first.len() < reading_size(likely_size)
}

/// Fills `buffer` as far as the reader goes.
pub(crate) fn read_piece(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
