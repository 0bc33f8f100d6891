//! From a stored result back to files, stdout and stderr.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use cache_core::{CacheExt, Check, Lookup, MissReason};

use crate::capture::pass_on;
use crate::record::{Bytes, Kind, MAX_SIZE, Record, subkey_of_output, subkey_of_stream};
use crate::restore::Restoring;
use crate::store::Shelf;
use crate::{Miss, RunError, Text};

/// Up to this size, in bytes, what is to be said is checked and kept in memory.
const IN_MEMORY: u64 = 1 << 20;

/// A result that is there and was checked, and whose files are in their places.
pub(crate) struct Replayed {
    pub(crate) record: Record,
    said: [Said; 2],
}

/// What was said on one stream, from where it was last read.
enum Said {
    Memory(io::Cursor<Vec<u8>>),
    File(File),
}

impl Shelf<'_> {
    /// Puts the files of the result in their places, if all of it is there, and it is no failure
    /// or these are wanted too.
    pub(crate) fn replay(
        &self,
        declared: &[Text],
        root: &Path,
        failures: bool,
        stop: &dyn Fn() -> bool,
    ) -> Result<Replayed, Miss> {
        let record = self.record(declared)?;
        if record.exit != 0 && !failures {
            return Err(Miss::Failure(record.exit));
        }
        let said = [self.said(0, &record.stdout)?, self.said(1, &record.stderr)?];
        // All of them are looked up before the first is read: most often it is one look at each.
        for output in &record.outputs {
            if let Kind::File { bytes, .. } = &output.is {
                let action = subkey_of_output(self.keys, &self.key, &output.name);
                let part = || output.name.to_string();
                match self.cache.get(&action)? {
                    Lookup::Hit(entry) if bytes.is_of(&entry) => {}
                    Lookup::Hit(_) => return Err(Miss::Replaced { part: part() }),
                    Lookup::Miss(reason) => return Err(Miss::Incomplete { part: part(), reason }),
                }
            }
        }
        let mut restoring = Restoring::new(self.cache, root, stop);
        for output in &record.outputs {
            restoring.prepare(output)?;
        }
        restoring.publish()?;
        Ok(Replayed { record, said })
    }

    fn record(&self, declared: &[Text]) -> Result<Record, Miss> {
        match self.cache.get_bytes(&self.key, MAX_SIZE) {
            Ok(Lookup::Hit((_, bytes))) => {
                Record::from_bytes(&bytes, declared).map_err(Miss::Malformed)
            }
            Ok(Lookup::Miss(reason)) => Err(Miss::NoResult(reason)),
            Err(cache_core::Error::TooLarge { .. }) => Err(Miss::Malformed("too large")),
            Err(error) => Err(error.into()),
        }
    }

    fn said(&self, stream: usize, bytes: &Bytes) -> Result<Said, Miss> {
        if bytes.size == 0 {
            return Ok(Said::Memory(io::Cursor::default()));
        }
        let action = subkey_of_stream(self.keys, &self.key, stream);
        let part = || ["stdout", "stderr"][stream].to_owned();
        let found = if bytes.size <= IN_MEMORY {
            let found = match self.cache.get_bytes(&action, IN_MEMORY) {
                // Larger than the record says.
                Err(cache_core::Error::TooLarge { .. }) => {
                    return Err(Miss::Replaced { part: part() });
                }
                found => found?,
            };
            hit(found, |bytes| Said::Memory(io::Cursor::new(bytes)))
        } else {
            hit(self.cache.open(&action, Check::Checksum)?, Said::File)
        };
        match found {
            Ok((entry, said)) if bytes.is_of(&entry) => Ok(said),
            Ok(_) => Err(Miss::Replaced { part: part() }),
            Err(reason) => Err(Miss::Incomplete { part: part(), reason }),
        }
    }
}

fn hit<T>(
    lookup: Lookup<(cache_core::Entry, T)>,
    said: impl FnOnce(T) -> Said,
) -> Result<(cache_core::Entry, Said), MissReason> {
    match lookup {
        Lookup::Hit((entry, found)) => Ok((entry, said(found))),
        Lookup::Miss(reason) => Err(reason),
    }
}

impl Replayed {
    /// Says what the command said, in the order in which it did.
    pub(crate) fn say(mut self, sinks: [&mut dyn Write; 2]) -> Result<Record, RunError> {
        let mut sinks = sinks.map(Some);
        for (i, &length) in self.record.order.iter().enumerate() {
            let stream = i % 2;
            self.said[stream].give(length, &mut |bytes| {
                let Some(sink) = &mut sinks[stream] else { return Ok(()) };
                match pass_on(*sink, bytes) {
                    Err(e) if e.kind() == ErrorKind::BrokenPipe => sinks[stream] = None,
                    passed_on => passed_on.map_err(RunError::PassOn)?,
                }
                Ok(())
            })?;
        }
        Ok(self.record)
    }
}

impl Said {
    /// Gives the next `length` bytes to `take`.
    fn give(
        &mut self,
        length: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let reader: &mut dyn Read = match self {
            Said::Memory(bytes) => bytes,
            Said::File(file) => file,
        };
        let mut left = length;
        let mut buffer = vec![0; length.min(64 << 10) as usize];
        while left > 0 {
            let piece = left.min(buffer.len() as u64) as usize;
            // It was checked to the last byte a moment ago, on this descriptor.
            reader.read_exact(&mut buffer[..piece]).map_err(|_| RunError::Changed)?;
            take(&buffer[..piece])?;
            left -= piece as u64;
        }
        Ok(())
    }
}
