//! What a command says: passed on at once, and kept.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile};

/// Up to this size, in bytes, what comes on a stream is kept in memory, above it in a file without
/// a name.
const IN_MEMORY: usize = 1 << 20;

/// Up to this size, in bytes, what comes on a stream is kept at all. A command without end would
/// fill the disk.
const MAX_KEPT: u64 = 256 << 20;

/// How many changes between stdout and stderr are remembered. What comes after them is replayed as
/// first all of the one, then all of the other.
const MAX_CHANGES: usize = 1 << 16;

/// Both streams of a command.
pub(crate) struct Capture<'a> {
    streams: [Stream<'a>; 2],
    order: Order,
}

impl<'a> Capture<'a> {
    /// Passes on to `sinks`: stdout, stderr.
    pub(crate) fn new(sinks: [&'a mut dyn Write; 2]) -> Self {
        Self::with_limit(sinks, MAX_KEPT)
    }

    /// Keeps up to `limit` bytes of each stream.
    fn with_limit(sinks: [&'a mut dyn Write; 2], limit: u64) -> Self {
        Self { streams: sinks.map(|sink| Stream::new(sink, limit)), order: Order::default() }
    }

    /// Takes what came on stdout (0) or on stderr (1). Returns whether more of it is of use: when
    /// it goes nowhere and is not kept either, the command may as well find its pipe closed.
    pub(crate) fn take(&mut self, stream: usize, bytes: &[u8]) -> bool {
        self.order.add(stream, bytes.len() as u64);
        self.streams[stream].take(bytes)
    }

    pub(crate) fn finish(self) -> Captured {
        let mut not_passed_on = None;
        let streams = self.streams.map(|stream| {
            if let Some(error) = stream.failed {
                not_passed_on.get_or_insert(error);
            }
            stream.kept.map(SpooledTempFile::into_inner)
        });
        Captured { streams, order: self.order.finish(), not_passed_on }
    }
}

/// What a command said.
pub(crate) struct Captured {
    /// stdout, stderr; an error where it could not be kept.
    pub(crate) streams: [io::Result<SpooledData>; 2],
    /// See [`Record::order`](crate::record::Record::order).
    pub(crate) order: Vec<u64>,
    /// Why a sink did not take all of it. A closed pipe is no reason: who reads has enough.
    pub(crate) not_passed_on: Option<io::Error>,
}

struct Stream<'a> {
    sink: Option<&'a mut dyn Write>,
    failed: Option<io::Error>,
    kept: io::Result<SpooledTempFile>,
    /// How many more bytes are kept.
    left: u64,
}

impl<'a> Stream<'a> {
    fn new(sink: &'a mut dyn Write, limit: u64) -> Self {
        let kept = Ok(spooled_tempfile(IN_MEMORY));
        Self { sink: Some(sink), failed: None, kept, left: limit }
    }

    /// Neither a sink nor a disk that takes no more is a reason to stop the command: the one may
    /// be a pager that was closed, and the other only costs the entry.
    fn take(&mut self, bytes: &[u8]) -> bool {
        if let Some(sink) = &mut self.sink
            && let Err(e) = pass_on(*sink, bytes)
        {
            self.sink = None;
            self.failed = (e.kind() != ErrorKind::BrokenPipe).then_some(e);
        }
        if self.kept.is_ok() {
            match self.left.checked_sub(bytes.len() as u64) {
                Some(left) => self.left = left,
                None => self.kept = Err(io::Error::other("it is more than 256 MiB")),
            }
        }
        if let Ok(kept) = &mut self.kept
            && let Err(e) = kept.write_all(bytes)
        {
            self.kept = Err(e);
        }
        self.sink.is_some() || self.kept.is_ok()
    }
}

/// Writes all of it, and waits for a sink that is not blocking, as a terminal that another program
/// has left so.
pub(crate) fn pass_on(sink: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
            Err(e) => return Err(e),
        }
    }
    sink.flush()
}

/// In which order the bytes of the two streams came.
#[derive(Default)]
struct Order {
    /// Bytes of stdout, of stderr, of stdout, and so on.
    lengths: Vec<u64>,
    rest: [u64; 2],
}

impl Order {
    fn add(&mut self, stream: usize, length: u64) {
        let count = self.lengths.len();
        // The one that is said next would be of this stream.
        let is_turn = count % 2 == stream;
        if self.rest != [0, 0] || (count + 2 > MAX_CHANGES && is_turn) {
            self.rest[stream] += length;
        } else if let Some(last) = self.lengths.last_mut().filter(|_| !is_turn) {
            *last += length;
        } else if is_turn {
            self.lengths.push(length);
        } else {
            self.lengths.extend([0, length]);
        }
    }

    fn finish(mut self) -> Vec<u64> {
        if self.rest != [0, 0] {
            if self.lengths.len() % 2 == 1 {
                self.lengths.push(0);
            }
            self.lengths.extend(self.rest);
        }
        self.lengths
    }
}

/// The kept bytes as a file or as memory, whichever they are in.
pub(crate) enum Kept<'a> {
    Memory(&'a [u8]),
    File(&'a File),
}

impl<'a> From<&'a SpooledData> for Kept<'a> {
    fn from(kept: &'a SpooledData) -> Self {
        match kept {
            SpooledData::InMemory(bytes) => Kept::Memory(bytes.get_ref()),
            SpooledData::OnDisk(file) => Kept::File(file),
        }
    }
}

#[cfg(test)]
mod tests;
