//! What a put sends, however its source has to be read: the output ID and the size before the
//! first byte, and nothing that has changed since.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use cache_core::{ActionId, BrokenPromise, Error, FromStart, OutputId, ReadSeek, Result, Source};
use cache_prog_wire::BodyWriter;
use sha2::{Digest, Sha256};

use crate::multiplex::Sending;

/// Bodies of up to so many bytes are read into memory, once, and so cannot change or fail while
/// they are sent. Most of what a build puts is far below.
const IN_MEMORY: usize = 2 << 20;

/// How much of a larger one is read at a time, in bytes.
const PIECE: usize = 128 << 10;

/// The output ID and the size of what nobody is sent.
pub(crate) fn measure(action: &ActionId, source: Source<'_>) -> Result<(OutputId, u64)> {
    let failed = |source| Error::Source { action: *action, source };
    match source {
        Source::Bytes(bytes) => Ok((OutputId::of(bytes), bytes.len() as u64)),
        Source::File(file) => OutputId::of_reader(&mut FromStart::new(file)).map_err(failed),
        Source::Seekable(source) => {
            source.rewind().map_err(failed)?;
            OutputId::of_reader(source).map_err(failed)
        }
        Source::Reader(reader) => OutputId::of_reader(reader).map_err(failed),
        Source::Promised { output, size, body } => {
            let mut body = body.take(size.saturating_add(1));
            let found = OutputId::of_reader(&mut body).map_err(failed)?;
            keeps(action, (output, size), found)?;
            Ok(found)
        }
    }
}

/// Checks what was found of a body against what was promised of it.
fn keeps(action: &ActionId, promised: (OutputId, u64), found: (OutputId, u64)) -> Result<()> {
    if found == promised {
        return Ok(());
    }
    Err(Error::BrokenPromise(Box::new(BrokenPromise {
        action: *action,
        promised: promised.0,
        promised_size: promised.1,
        found: found.0,
        found_size: found.1,
    })))
}

/// A body that can be sent, and what it is.
pub(crate) struct Body<'a> {
    pub(crate) output: OutputId,
    pub(crate) size: u64,
    again: Again<'a>,
}

/// Where a body is read from when it is sent.
enum Again<'a> {
    Memory(Cow<'a, [u8]>),
    File(&'a File),
    Seekable(&'a mut (dyn ReadSeek + Send)),
    /// A temporary file without a name.
    Spool(File),
}

impl<'a> Body<'a> {
    /// Reads `source`, once, to its end.
    pub(crate) fn of(action: &ActionId, source: Source<'a>) -> Result<Self> {
        let failed = |source| Error::Source { action: *action, source };
        match source {
            Source::Bytes(bytes) => Ok(Self::in_memory(bytes.into())),
            Source::File(file) => Self::twice(Again::File(file)).map_err(failed),
            Source::Seekable(source) => Self::twice(Again::Seekable(source)).map_err(failed),
            Source::Reader(reader) => Self::once(action, reader),
            // A promise is not taken on trust: a broken one would cost the helper.
            Source::Promised { output, size, body } => {
                // One byte more than promised is enough to see that the promise is broken.
                let body = Self::once(action, &mut body.take(size.saturating_add(1)))?;
                keeps(action, (output, size), (body.output, body.size))?;
                Ok(body)
            }
        }
    }

    fn in_memory(bytes: Cow<'a, [u8]>) -> Self {
        let (output, size) = (OutputId::of(&bytes), bytes.len() as u64);
        Self { output, size, again: Again::Memory(bytes) }
    }

    /// For what can be read a second time.
    fn twice(mut again: Again<'a>) -> io::Result<Self> {
        let mut source = again.rewound()?;
        let (head, is_whole) = read_head(&mut *source)?;
        if is_whole {
            return Ok(Self::in_memory(head.into()));
        }
        let mut tally = Tally::default();
        tally.add(&head);
        let mut pieces = Pieces::of(&mut *source, head);
        while let Some(piece) = pieces.next()? {
            tally.add(piece);
        }
        drop(source);
        let (output, size) = tally.finish();
        Ok(Self { output, size, again })
    }

    /// For what can be read only once: what does not stay in memory goes to a temporary file.
    fn once(action: &ActionId, reader: &mut dyn Read) -> Result<Self> {
        let failed = |source| Error::Source { action: *action, source };
        let spooling = |e| Error::io("write a temporary file in", std::env::temp_dir())(e);
        let (head, is_whole) = read_head(reader).map_err(failed)?;
        if is_whole {
            return Ok(Self::in_memory(head.into()));
        }
        let mut spool = tempfile::tempfile().map_err(spooling)?;
        let mut tally = Tally::default();
        tally.add(&head);
        spool.write_all(&head).map_err(spooling)?;
        let mut pieces = Pieces::of(reader, head);
        while let Some(piece) = pieces.next().map_err(failed)? {
            tally.add(piece);
            spool.write_all(piece).map_err(spooling)?;
        }
        let (output, size) = tally.finish();
        Ok(Self { output, size, again: Again::Spool(spool) })
    }

    /// Sends it. The last group of base64, without which nobody can take the body for whole, goes
    /// out only when what was sent has the output ID and the size that were announced.
    pub(crate) fn send<W: Write>(
        &mut self,
        action: &ActionId,
        mut to: BodyWriter<'_, W>,
    ) -> Result<(), Sending> {
        if let Again::Memory(bytes) = &self.again {
            to.write(bytes)?;
            return Ok(to.finish()?);
        }
        let failed = |source| Sending::Source(Error::Source { action: *action, source });
        let changed = || Sending::Source(Error::ContentChanged { action: *action });
        let source = self.again.rewound().map_err(failed)?;
        // One byte more than before is enough to see that it has grown.
        let mut source = source.take(self.size.saturating_add(1));
        let mut tally = Tally::default();
        let mut pieces = Pieces::of(&mut source, Vec::new());
        while let Some(piece) = pieces.next().map_err(failed)? {
            tally.add(piece);
            if tally.size > self.size {
                return Err(changed());
            }
            to.write(piece)?;
        }
        if tally.finish() != (self.output, self.size) {
            return Err(changed());
        }
        Ok(to.finish()?)
    }
}

impl Again<'_> {
    /// A reader from the beginning.
    fn rewound(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Again::Memory(bytes) => Box::new(&**bytes),
            Again::File(file) => Box::new(FromStart::new(file)),
            Again::Spool(file) => Box::new(FromStart::new(file)),
            Again::Seekable(source) => {
                source.rewind()?;
                Box::new(source)
            }
        })
    }
}

/// The output ID and the size of what was read so far.
#[derive(Default)]
struct Tally {
    sha: Sha256,
    size: u64,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> (OutputId, u64) {
        (OutputId::from_bytes(self.sha.finalize().into()), self.size)
    }
}

/// Reads what may stay in memory, and says whether that was all.
fn read_head(reader: &mut dyn Read) -> io::Result<(Vec<u8>, bool)> {
    let mut head = Vec::new();
    reader.take(IN_MEMORY as u64 + 1).read_to_end(&mut head)?;
    let is_whole = head.len() <= IN_MEMORY;
    Ok((head, is_whole))
}

/// A reader, piece by piece.
struct Pieces<'a> {
    reader: &'a mut dyn Read,
    buffer: Vec<u8>,
}

impl<'a> Pieces<'a> {
    /// Reads into `memory`, whose content is not needed any more.
    fn of(reader: &'a mut dyn Read, mut memory: Vec<u8>) -> Self {
        memory.resize(PIECE, 0);
        memory.shrink_to_fit();
        Self { reader, buffer: memory }
    }

    /// The next piece; `None` at the end.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            match self.reader.read(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(n) => return Ok(Some(&self.buffer[..n])),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}
