//! The readers and writers that follow from the trait, for every cache.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::Deref;
use std::path::PathBuf;

use memmap2::Mmap;

use crate::hashing::{BESIDE, PIECE};
use crate::{
    ActionId, Cache, Entry, Error, Lookup, MissReason, OutputFile, OutputId, PutOptions, Result,
    Source, Stored,
};

/// How closely an output is looked at before it is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Its size is compared with the entry's: one look at the file. Finds every output that was
    /// cut short.
    Size,
    /// Its SHA-256 too: the file is read. Finds everything.
    Checksum,
}

/// The readers and writers that every [`Cache`] has.
///
/// They check what they give. What fails a check is a miss with that reason: the result is
/// computed again, and putting it mends the cache.
pub trait CacheExt: Cache {
    /// Looks up an action and returns its entry and the path of its output, checked as asked.
    ///
    /// Another program may change the file once this has returned; [`open`](Self::open) gives a
    /// descriptor of just the file that was checked.
    ///
    /// # Errors
    ///
    /// Failures of the cache, and of reading the output.
    fn get_file(&self, action: &ActionId, check: Check) -> Result<Lookup<(Entry, PathBuf)>> {
        if check == Check::Checksum {
            return Ok(match open_output(self, action, check)? {
                Lookup::Hit(opened) => Lookup::Hit((opened.entry, opened.path)),
                Lookup::Miss(reason) => Lookup::Miss(reason),
            });
        }
        let entry = match self.get(action)? {
            Lookup::Hit(entry) => entry,
            Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
        };
        Ok(match self.output_file(&entry.output)? {
            Some(file) => match size_problem(&entry, file.size) {
                None => Lookup::Hit((entry, file.path)),
                Some(reason) => Lookup::Miss(reason),
            },
            None => Lookup::Miss(MissReason::OutputGone(entry.output)),
        })
    }

    /// Looks up an action and opens its output, checked as asked on the descriptor that is
    /// returned. It stands at the file's beginning.
    ///
    /// # Errors
    ///
    /// Failures of the cache, and of opening and reading the output.
    fn open(&self, action: &ActionId, check: Check) -> Result<Lookup<(Entry, File)>> {
        Ok(match open_output(self, action, check)? {
            Lookup::Hit(opened) => Lookup::Hit((opened.entry, opened.file)),
            Lookup::Miss(reason) => Lookup::Miss(reason),
        })
    }

    /// Looks up an action and returns its entry and its output's bytes, whose SHA-256 is checked.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] when the output has more than `limit` bytes; nothing is read then.
    /// Failures of the cache, and of reading the output.
    fn get_bytes(&self, action: &ActionId, limit: u64) -> Result<Lookup<(Entry, Vec<u8>)>> {
        let Opened { entry, mut file, path } = match open_output(self, action, Check::Size)? {
            Lookup::Hit(opened) => opened,
            Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
        };
        if entry.size > limit {
            return Err(Error::TooLarge { output: entry.output, size: entry.size, limit });
        }
        let bytes = read_hashed(&mut file, &entry).map_err(Error::io("read", &path))?;
        let Some(bytes) = bytes else {
            return Ok(Lookup::Miss(MissReason::OutputChecksum(entry.output)));
        };
        Ok(Lookup::Hit((entry, bytes)))
    }

    /// Looks up an action and maps its output into memory. The size is checked, the bytes are not.
    ///
    /// # Errors
    ///
    /// Failures of the cache, and of opening and mapping the output.
    ///
    /// # Safety
    ///
    /// As for every memory map of a file: no program may change or truncate the output while the
    /// map lives. A program that truncates it turns a later read into a fatal signal (`SIGBUS`);
    /// one that writes to it changes bytes behind a shared reference. Larder's writers do neither;
    /// Go's truncate an output when a write of theirs fails.
    unsafe fn map(&self, action: &ActionId) -> Result<Lookup<MappedOutput>> {
        let Opened { entry, file, path } = match open_output(self, action, Check::Size)? {
            Lookup::Hit(opened) => opened,
            Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
        };
        // SAFETY: the caller keeps the contract above, which is this function's.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io("map", &path))?;
        if let Some(reason) = size_problem(&entry, map.len() as u64) {
            return Ok(Lookup::Miss(reason));
        }
        Ok(Lookup::Hit(MappedOutput { entry, map }))
    }

    /// Stores `bytes` as the result of an action.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::put`].
    fn put_bytes(&self, action: &ActionId, bytes: &[u8]) -> Result<Stored> {
        self.put(action, Source::Bytes(bytes), &PutOptions::default())
    }

    /// Stores a file's content, from its beginning, as the result of an action.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::put`].
    fn put_file(&self, action: &ActionId, file: &File) -> Result<Stored> {
        self.put(action, Source::File(file), &PutOptions::default())
    }

    /// Stores `source` without comparing it with what is stored, whatever the cache's mode: for
    /// results that are fine to cache but vary from run to run.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::put`].
    fn put_without_verify(&self, action: &ActionId, source: Source<'_>) -> Result<Stored> {
        self.put(action, source, &PutOptions { verify: false, ..PutOptions::default() })
    }
}

impl<C: Cache + ?Sized> CacheExt for C {}

/// An output as a memory map. It derefs to the output's bytes.
#[derive(Debug)]
pub struct MappedOutput {
    entry: Entry,
    map: Mmap,
}

impl MappedOutput {
    /// The entry that led to it.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

impl Deref for MappedOutput {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

struct Opened {
    entry: Entry,
    file: File,
    path: PathBuf,
}

/// Opens an action's output once, and makes every check on that one descriptor: the path may lead
/// to another file a moment later.
fn open_output<C: Cache + ?Sized>(
    cache: &C,
    action: &ActionId,
    check: Check,
) -> Result<Lookup<Opened>> {
    let entry = match cache.get(action)? {
        Lookup::Hit(entry) => entry,
        Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
    };
    let Some((OutputFile { path, size }, mut file)) = cache.open_output(&entry.output)? else {
        return Ok(Lookup::Miss(MissReason::OutputGone(entry.output)));
    };
    if let Some(reason) = size_problem(&entry, size) {
        return Ok(Lookup::Miss(reason));
    }
    if check == Check::Checksum {
        // No more than there should be: somebody may write to it faster than it is hashed, and then
        // it has no end.
        let mut bytes = (&mut file).take(entry.size.saturating_add(1));
        let (found, _) = OutputId::of_reader_ahead(&mut bytes).map_err(Error::io("read", &path))?;
        if found != entry.output {
            return Ok(Lookup::Miss(MissReason::OutputChecksum(entry.output)));
        }
        io::Seek::rewind(&mut file).map_err(Error::io("rewind", &path))?;
    }
    Ok(Lookup::Hit(Opened { entry, file, path }))
}

fn size_problem(entry: &Entry, found: u64) -> Option<MissReason> {
    (found != entry.size).then_some(MissReason::OutputSize {
        output: entry.output,
        expected: entry.size,
        found,
    })
}

/// Reads an entry's output; `None` when its bytes have another SHA-256.
fn read_hashed(file: &mut File, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
    let size = usize::try_from(entry.size).map_err(|_| ErrorKind::OutOfMemory)?;
    // The size was just seen on this descriptor, but memory for it may still not be there, and
    // `vec!` would end the process.
    Vec::<u8>::new().try_reserve_exact(size).map_err(|_| ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; size];
    let read: io::Result<_> = OutputId::of_pieces(entry.size >= BESIDE, |pass| {
        for piece in bytes.chunks_mut(PIECE) {
            file.read_exact(piece)?;
            pass(&*piece);
        }
        Ok(())
    });
    match read {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(None),
        read => Ok((read?.1 == entry.output).then_some(bytes)),
    }
}
