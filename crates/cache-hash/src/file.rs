//! What files hash to, remembered.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cache_core::OutputId;

use crate::bounded::Bounded;
use crate::memo_file::MemoFile;
use crate::stamp::Stamp;
use crate::trace::Trace;

/// How often a file that changes while it is read is read before that is an error.
const READINGS: u32 = 4;

/// A memory of what files hash to: each is read again only when it changed.
///
/// A hash is the plain SHA-256 of the file's bytes, so it is the ID of the output that holds the
/// same bytes.
///
/// It may live as long as the process does. Whether a file changed is asked of the system at every
/// call, on the opened file: its size, its mtime and, on Unix, its device, inode and ctime, which
/// no program can set back. A file that changed within two seconds before it was read, or that has
/// times in the future, is read again the next time, because another change may leave it with the
/// same times. A file that is neither regular nor as long as the system says is never remembered.
///
/// Three changes it cannot see: one through a shared memory map that goes on after the kernel last
/// stamped the file; one on a file system of another machine whose clock is behind by more than
/// two seconds, within the same tick as the change before; and outside Unix, one that keeps the
/// size and sets the mtime back.
///
/// One that was made by [`open`](Self::open) remembers across processes too, in a file.
///
/// All methods may be called from any number of threads. No lock is held while a file is read, so
/// two threads may read the same one.
pub struct FileHashMemo {
    trace: Trace,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    known: Mutex<Bounded<Arc<Path>, Known>>,
    file: Option<MemoFile>,
}

#[derive(Clone, Copy)]
struct Known {
    stamp: Stamp,
    hash: OutputId,
}

impl FileHashMemo {
    /// How many files [`new`](Self::new) remembers.
    pub const DEFAULT_LIMIT: usize = 1 << 20;

    /// An empty memo for up to [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) files.
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// An empty memo for up to `limit` files. Above that it forgets the oldest.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            trace: Trace::default(),
            clock: Box::new(SystemTime::now),
            known: Mutex::new(Bounded::new(limit)),
            file: None,
        }
    }

    /// A memo that begins with what earlier processes [saved](Self::save) in the file at `path`.
    ///
    /// It never fails: when there is no such file, or it is damaged, cannot be read or is none of
    /// a memo's, what it would have said is not known, and the files are read again. Any number of
    /// processes may have it open and save into it.
    ///
    /// The file holds up to about a million hashes in 80 MiB; above that it forgets the
    /// oldest. It holds only what was read (nothing that was [`set`](Self::set)), and only of files
    /// whose stamp will tell them from any other state on any other day. So it holds none outside
    /// Unix, and none of a file system whose clock is so coarse that it stamps multiples of 10 ms.
    ///
    /// A file is known by the absolute path that it was hashed by. Under another name, even through
    /// a link, it is read once more.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(MemoFile::open(path.into())), ..Self::new() }
    }

    /// Reports every file that is read, and every failure, to `trace`.
    pub fn with_trace(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// Takes the time from `clock`, with which the times of files are compared, instead of from
    /// the system.
    pub fn with_clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), ..self }
    }

    /// Returns the hash of the file at `path`, following symbolic links.
    ///
    /// A file that is written to during the call gives the hash of the bytes that were read; they
    /// may be some old and some new ones only when all of it happens within one tick of the file
    /// system's clock, and then the hash is not remembered.
    ///
    /// # Errors
    ///
    /// [`FileHashError::Io`] when the file cannot be opened or read, and
    /// [`FileHashError::Changing`] when it was never at rest for as long as reading it took.
    pub fn hash(&self, path: impl AsRef<Path>) -> Result<OutputId, FileHashError> {
        let path = path.as_ref();
        let result = self.look_up_or_read(path);
        if let Err(error) = &result {
            self.trace.line(format_args!("HASH {}: {error}", path.display()));
        }
        result
    }

    /// Returns the hash that the file at `path` is remembered to have in the state that `metadata`
    /// tells of, without opening it. `None`: not known; [`hash`](Self::hash) reads it.
    ///
    /// The metadata must be that of `path`, from [`fs::metadata`] or from an opened file. From
    /// [`fs::symlink_metadata`] it serves as well: that of a symbolic link, as of everything that is
    /// no regular file, gives `None`.
    ///
    /// The answer is as true as one of [`hash`](Self::hash) was at the moment when the metadata was
    /// taken: a change before that moment shows in them, one after it cannot. So take them anew for
    /// every question.
    pub fn recall(&self, path: &Path, metadata: &Metadata) -> Option<OutputId> {
        self.remembered(path, Stamp::of(metadata)?)
    }

    /// Writes what was learnt since the last time into the file that was given to
    /// [`open`](Self::open). Does nothing when that is nothing (or another thread is writing it at
    /// the moment), and for a memo without a file.
    ///
    /// Dropping the memo does not save it: what is learnt and not saved is read again by the next
    /// process. What others saved in the meantime stays, and is known to this memo afterwards. A
    /// process that is killed while it saves loses what it was writing, at the most.
    ///
    /// # Errors
    ///
    /// Those of the system, naming the file, and [`WouldBlock`](io::ErrorKind::WouldBlock) when
    /// other processes were saving for a quarter of a second. What was learnt is still remembered,
    /// and may be saved by another call.
    pub fn save(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), MemoFile::save)
    }

    /// Remembers that the file at `path`, as it is now, hashes to `hash`, without reading it: for
    /// a caller that has just written it.
    ///
    /// This is the caller's promise, about a file that nobody else is changing at the moment. It
    /// holds until the file's stamp changes, even for a file that was written a moment ago. A wrong
    /// promise makes wrong keys.
    ///
    /// # Errors
    ///
    /// [`FileHashError::Io`] when the system does not tell about the file.
    pub fn set(&self, path: impl AsRef<Path>, hash: OutputId) -> Result<(), FileHashError> {
        let path = path.as_ref();
        let metadata = fs::metadata(path).map_err(failed_to("look at", path))?;
        if let Some(stamp) = Stamp::of(&metadata) {
            self.remember(path, Known { stamp, hash });
        }
        Ok(())
    }

    fn look_up_or_read(&self, path: &Path) -> Result<OutputId, FileHashError> {
        let mut last = None;
        for _ in 0..READINGS {
            // Before the look at the file, so that a change after that look is after this too.
            let now = (self.clock)();
            let mut file = File::open(path).map_err(failed_to("open", path))?;
            let before = stamp(&file, path)?;
            if let Some(hash) = before.and_then(|stamp| self.remembered(path, stamp)) {
                return Ok(hash);
            }
            let (hash, size) =
                OutputId::of_reader_ahead(&mut file).map_err(failed_to("read", path))?;
            let unchanged = stamp(&file, path)? == before;
            // A new hard link changes the ctime too, but two readings agree then.
            if !unchanged && last != Some(hash) {
                last = Some(hash);
                continue;
            }
            self.trace.line(format_args!("HASH {}: {hash}", path.display()));
            if let Some(stamp) = before
                && unchanged
                && stamp.size() == size
                && stamp.is_settled_at(now)
            {
                self.remember(path, Known { stamp, hash });
                if let Some(file) = &self.file {
                    file.learn(path, stamp, hash);
                }
            }
            return Ok(hash);
        }
        Err(FileHashError::Changing { path: path.to_owned() })
    }

    fn remembered(&self, path: &Path, stamp: Stamp) -> Option<OutputId> {
        // First what knows most of the files after a start.
        if let Some(hash) = self.file.as_ref().and_then(|file| file.get(path, stamp)) {
            return Some(hash);
        }
        self.known().get(path).filter(|known| known.stamp == stamp).map(|known| known.hash)
    }

    fn remember(&self, path: &Path, known: Known) {
        self.known().insert(path.into(), known, 1);
    }

    fn known(&self) -> MutexGuard<'_, Bounded<Arc<Path>, Known>> {
        // A thread that panicked elsewhere has not left the map half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FileHashMemo {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FileHashMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileHashMemo").field("trace", &self.trace).finish_non_exhaustive()
    }
}

fn stamp(file: &File, path: &Path) -> Result<Option<Stamp>, FileHashError> {
    Ok(Stamp::of(&file.metadata().map_err(failed_to("look at", path))?))
}

fn failed_to(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileHashError {
    move |source| FileHashError::Io { operation, path: path.to_owned(), source }
}

/// Why a file has no hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileHashError {
    /// The system refused an operation on the file.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: `open`, `read`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file changed each time it was read.
    #[error("{} kept changing while it was read", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
}
