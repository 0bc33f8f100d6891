//! The cache in a directory: each method of the trait in a few lines.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_core::{
    ActionId, Cache, Entry, Error, Lookup, MissReason, OutputFile, OutputId, PutOptions, Result,
    Source, Stored,
};

use crate::clock::Clock;
use crate::look::{Kind, Look};
use crate::open::Builder;
use crate::positional::read_at;
use crate::root::{Root, look_at};
use crate::streak::Streak;
use crate::{TrimOptions, entry_file, executable, layout, put, usage};

/// What an action ID was hashed from, for messages.
pub(crate) type Reverse = Box<dyn Fn(&ActionId) -> Option<String> + Send + Sync>;

/// How many times an entry that others are writing is read before it counts as a miss. Go writes
/// one with one system call, so a second reading all but always settles it.
const READINGS: u32 = 64;

/// How many times, a millisecond apart, an entry that was written just now is read again because
/// the output that it names is not there. Its writer may have lost the processor in the middle, and
/// then two readings agree on a mixture; but a mixture of two entries names no output that exists.
const DOUBTS: u32 = 5;

/// How many times a stale entry that others take away while it is marked is looked up again.
const TRIES: u32 = 3;

/// A build artifact cache in a directory, byte-compatible with the `go` command's.
///
/// Any number of processes on one machine may use one directory at once, `go` among them. Machines
/// that share one over a network file system may not: their locks are not reliable.
///
/// The directory is held open: one that is removed and made again has to be opened again. (The
/// folders in it may be removed at any time, as `go clean -cache` does.)
///
/// Its paths are absolute and begin with the directory as it was spelled when it was opened.
pub struct DiskCache {
    pub(crate) root: Root,
    pub(crate) clock: Clock,
    pub(crate) verify: Option<Reverse>,
    pub(crate) max_age: Duration,
    pub(crate) max_size: Option<u64>,
    pub(crate) close_budget: Option<Duration>,
    pub(crate) closed: AtomicBool,
    /// How many outputs put from memory, in a row, were not there before.
    pub(crate) new_outputs: Streak,
    /// Whether the last entry that was published replaced something.
    pub(crate) last_entry_replaced: AtomicBool,
}

impl DiskCache {
    /// Opens the cache in `dir` with the default settings. Writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::open`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(dir).open()
    }

    /// The settings to open the cache in `dir` with.
    pub fn builder(dir: impl Into<PathBuf>) -> Builder {
        Builder::new(dir.into())
    }

    /// The cache's directory, as an absolute path.
    pub fn dir(&self) -> &Path {
        self.root.path()
    }

    /// Looks an action up, whatever the mode.
    pub(crate) fn look_up(&self, action: &ActionId) -> Result<Lookup> {
        let name = layout::entry(action);
        for _ in 0..TRIES {
            let (file, entry, look) = match self.read_entry(action, || self.root.open_file(&name)) {
                Lookup::Hit(read) => read,
                Lookup::Miss(reason) => return Ok(Lookup::Miss(reason)),
            };
            if usage::is_fresh(look.mtime, self.clock.now())
                || usage::mark(&self.root, &self.clock, &name, &file)
                    .map_err(Error::io("look at", self.root.path_of(&name)))?
            {
                return Ok(Lookup::Hit(entry));
            }
            // Removed or replaced while it was marked: what is there now counts.
        }
        Ok(Lookup::Miss(MissReason::Changing))
    }

    /// Looks an action up, which does not count as use.
    pub(crate) fn peek(&self, action: &ActionId) -> Lookup<(Entry, Look)> {
        let name = layout::entry(action);
        self.peek_at(action, || self.root.open_file(&name))
    }

    /// The same with a way to open the entry's file.
    pub(crate) fn peek_at(
        &self,
        action: &ActionId,
        open: impl Fn() -> io::Result<File>,
    ) -> Lookup<(Entry, Look)> {
        match self.read_entry(action, open) {
            Lookup::Hit((_, entry, look)) => Lookup::Hit((entry, look)),
            Lookup::Miss(reason) => Lookup::Miss(reason),
        }
    }

    fn read_entry(
        &self,
        action: &ActionId,
        open: impl Fn() -> io::Result<File>,
    ) -> Lookup<(File, Entry, Look)> {
        let mut doubts = 0;
        loop {
            let read = open().and_then(|file| {
                let settled = read_settled(&file)?;
                Ok((file, settled))
            });
            let reason = match read {
                Ok((file, Reading::Settled { content, length, look, is_new })) => {
                    match entry_file::parse(&content[..length], action) {
                        Ok(entry) if is_new && doubts < DOUBTS && !self.has_output(&entry) => {
                            doubts += 1;
                            thread::sleep(Duration::from_millis(1));
                            continue;
                        }
                        Ok(entry) => return Lookup::Hit((file, entry, look)),
                        Err(reason) => reason,
                    }
                }
                Ok((_, Reading::Changing)) => MissReason::Changing,
                Err(e) if e.kind() == ErrorKind::NotFound => MissReason::NotFound,
                Err(source) => {
                    let path = self.root.path_of(&layout::entry(action));
                    MissReason::Unreadable { path, source }
                }
            };
            return Lookup::Miss(reason);
        }
    }

    /// Whether an entry's output is there in the size that the entry says.
    fn has_output(&self, entry: &Entry) -> bool {
        self.root
            .look(&layout::output(&entry.output))
            .is_ok_and(|look| executable::size(&self.root, &entry.output, &look) == entry.size)
    }
}

impl Cache for DiskCache {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        if self.verify.is_some() {
            return Ok(Lookup::Miss(MissReason::VerifyMode));
        }
        self.look_up(action)
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        put::put(self, action, source, options)
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        let name = layout::output(output);
        let failed = |e| Error::io("look at", self.root.path_of(&name))(e);
        let Some(mut look) = self.root.look_by_name(&name).map_err(failed)? else {
            return Ok(None);
        };
        if !usage::is_fresh(look.mtime, self.clock.now()) {
            // Once it is marked, what is found there stays there.
            let marked = usage::mark_by_name(&self.root, &self.clock, &name).map_err(failed)?;
            look = match self.root.look_if_there(&name).map_err(failed)? {
                Some(look) if marked || usage::is_fresh(look.mtime, self.clock.now()) => look,
                _ => return Ok(None),
            };
        }
        match look.kind {
            Kind::File => Ok(Some(OutputFile { path: self.root.path_of(&name), size: look.size })),
            Kind::Folder => executable::inside(&self.root, &name).map_err(failed),
            Kind::Other => Ok(None),
        }
    }

    fn open_output(&self, output: &OutputId) -> Result<Option<(OutputFile, File)>> {
        let name = layout::output(output);
        // A file that was used within the hour, as nearly every one was, takes two system calls.
        if let Ok(file) = self.root.open_file(&name)
            && let Ok(look) = look_at(&file)
            && look.kind == Kind::File
            && usage::is_fresh(look.mtime, self.clock.now())
        {
            let found = OutputFile { path: self.root.path_of(&name), size: look.size };
            return Ok(Some((found, file)));
        }
        self.output_file(output)?.map_or(Ok(None), OutputFile::open)
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.root.path_of(layout::FUZZ)
    }

    /// Trims with the settings that the cache was opened with, when a trim is due. The other
    /// methods go on working.
    fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let report = self.trim(&TrimOptions {
            max_age: self.max_age,
            max_size: self.max_size,
            budget: self.close_budget,
            ..TrimOptions::default()
        })?;
        for failure in &report.failures {
            tracing::warn!("trim: {failure}");
        }
        Ok(())
    }
}

/// What reading an entry's file gave.
#[allow(
    clippy::large_enum_variant,
    reason = "it lives on the stack, and nearly always is the large one"
)]
enum Reading {
    Settled {
        /// One byte more than an entry has, to see when it is too long.
        content: [u8; entry_file::SIZE + 1],
        length: usize,
        look: Look,
        /// Whether it was written within the last second.
        is_new: bool,
    },
    Changing,
}

/// Reads an entry's file. Go rewrites entries in place, so a reader can see a half of the old one
/// and a half of the new one: a file that was written within the last second is read until two
/// readings agree.
///
/// But for one whose mtime is the time in it to the nanosecond: so we leave an entry that is whole, a
/// new one when it is published, one with a new time in place when that is written. Go's writing in
/// place never leaves it so: the kernel sets the mtime before the first byte of a write, and we look
/// at it after the last one that was read.
fn read_settled(file: &File) -> io::Result<Reading> {
    let mut content = [0; entry_file::SIZE + 1];
    let mut length = read_at(file, &mut content, 0)?;
    let look = look_at(file)?;
    if entry_file::has_time(&content[..length], look.mtime) {
        return Ok(Reading::Settled { content, length, look, is_new: false });
    }
    // By the kernel's clock, whatever the cache's is: this is about what was written just now.
    let near = |age: Duration| age < Duration::from_secs(1);
    let is_new = match SystemTime::now().duration_since(look.mtime) {
        Ok(age) => near(age),
        Err(ahead) => near(ahead.duration()),
    };
    if !is_new {
        return Ok(Reading::Settled { content, length, look, is_new });
    }
    for _ in 0..READINGS {
        let before = (content, length);
        length = read_at(file, &mut content, 0)?;
        if before == (content, length) {
            return Ok(Reading::Settled { content, length, look, is_new });
        }
    }
    Ok(Reading::Changing)
}
