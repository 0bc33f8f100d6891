//! How the cache has been used: hits, misses, puts and the time saved, by day and kind.
//!
//! A process counts in memory and appends one line when it ends, so that a lookup costs nothing
//! more. The lines are in `larder/counters` in the cache directory, as `docs/FORMAT.md` gives it.

mod line;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cache_core::{Error, Result, refuse_what_is_no_file};
use cache_disk::DiskCache;

/// What a process used the cache for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// `larder get` and `larder put`.
    Get,
    /// `larder run`.
    Run,
    /// `larder serve`.
    Serve,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub(crate) const ALL: [Kind; 3] = [Kind::Get, Kind::Run, Kind::Serve];

    /// The kind's name, in the file and for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Get => "get",
            Kind::Run => "run",
            Kind::Serve => "serve",
        }
    }
}

/// What one process did, or several together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// What for.
    pub(crate) kind: Kind,
    /// Lookups that found what they asked for.
    pub(crate) hits: u64,
    /// Lookups that did not.
    pub(crate) misses: u64,
    /// Outputs that were stored.
    pub(crate) puts: u64,
    /// How long the commands took whose results were replayed, less the replaying.
    pub(crate) saved: Duration,
}

impl Used {
    /// Nothing yet.
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, hits: 0, misses: 0, puts: 0, saved: Duration::ZERO }
    }

    fn is_nothing(&self) -> bool {
        *self == Self::new(self.kind)
    }
}

/// Adds the numbers; the kind stays.
impl AddAssign<&Used> for Used {
    fn add_assign(&mut self, other: &Used) {
        self.hits = self.hits.saturating_add(other.hits);
        self.misses = self.misses.saturating_add(other.misses);
        self.puts = self.puts.saturating_add(other.puts);
        self.saved = self.saved.saturating_add(other.saved);
    }
}

/// A day in UTC, counted from 1970-01-01.
pub(crate) type Day = u64;

/// The day on which a time lies.
pub(crate) fn day(time: SystemTime) -> Day {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400
}

/// All that was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// By day and kind; what is not there is zero.
    pub(crate) by_day: BTreeMap<(Day, Kind), Used>,
    /// Lines that were damaged, and left out.
    pub(crate) damaged: u64,
}

impl Counted {
    /// The days on which something was counted, the oldest first.
    pub(crate) fn days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = self.by_day.keys().map(|(day, _)| *day).collect();
        days.dedup();
        days
    }

    fn add(&mut self, day: Day, used: &Used) {
        *self.by_day.entry((day, used.kind)).or_insert(Used::new(used.kind)) += used;
    }
}

/// Over this size in bytes the file is folded: one line for each day and kind.
const FOLD: u64 = 256 << 10;
/// So many days are kept. Folded, they take a quarter of [`FOLD`], and half of it in the worst case.
const DAYS: usize = 400;
/// No more than this of the file is read, whoever made it that large.
const READ: u64 = 4 << 20;
/// A lock is held for as long as one line takes, or one folding.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts what this process did in a cache. One that cannot be written to is used all the same: what
/// goes wrong here is logged and nothing else.
pub(crate) fn record(cache: &DiskCache, used: &Used) {
    let recorded = cache.own_folder("").and_then(|folder| {
        let path = path(&folder);
        record_in(&folder, used).map_err(Error::io("write to", path))
    });
    if let Err(e) = recorded {
        tracing::warn!("this use is not counted: {e}");
    }
}

fn record_in(folder: &Path, used: &Used) -> io::Result<()> {
    if used.is_nothing() {
        return Ok(());
    }
    append(&path(folder), day(SystemTime::now()), used)
}

/// What was counted in a cache. Lines that are damaged are left out: each has its own checksum.
pub(crate) fn read(cache: &DiskCache) -> Result<Counted> {
    let folder = cache.own_folder("")?;
    read_in(&folder).map_err(Error::io("read", path(&folder)))
}

fn read_in(folder: &Path) -> io::Result<Counted> {
    let path = path(folder);
    refuse_what_is_no_file(&path)?;
    match File::open(path) {
        Ok(file) => counted(file),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Counted::default()),
        Err(e) => Err(e),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("counters")
}

fn append(path: &Path, day: Day, used: &Used) -> io::Result<()> {
    // Not the counters' own lock: folding gives their name to another file.
    let lock_path = path.with_extension("lock");
    let _locked = match lock(&lock_path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            make_folder(&lock_path)?;
            lock(&lock_path)?
        }
        result => result?,
    };
    refuse_what_is_no_file(path)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut length = file.metadata()?.len();
    if length > FOLD {
        fold(path, &file)?;
        file = OpenOptions::new().read(true).append(true).open(path)?;
        length = file.metadata()?.len();
    }
    let mut text = line::write(day, used);
    if !ends_in_line_feed(&mut file, length)? {
        // Whoever was killed in the middle of a line loses that line, and we keep ours.
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // What fits of it on a full disk would be a damaged line.
        file.set_len(length).ok();
    })
}

/// Makes the folder `larder` and no other: a cache directory that is gone is not made again by its
/// counters.
fn make_folder(file: &Path) -> io::Result<()> {
    match file.parent().map(fs::create_dir) {
        Some(Err(e)) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

fn ends_in_line_feed(file: &mut File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}

/// Replaces the file by one with a line for each of the newest days and kinds. By their number and
/// not by the clock: one that is wrong for a minute would cost everything.
fn fold(path: &Path, file: &File) -> io::Result<()> {
    let counted = counted(file)?;
    let days = counted.days();
    let oldest = days.len().checked_sub(DAYS).map_or(0, |first| days[first]);
    let kept = counted.by_day.iter().filter(|((day, _), _)| *day >= oldest);
    let text: String = kept.map(|((day, _), used)| line::write(*day, used)).collect();
    // Under the lock there is one of this name; what a killed one left goes.
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    File::create_new(&new)?.write_all(text.as_bytes())?;
    fs::rename(&new, path)
}

fn counted(file: impl Read) -> io::Result<Counted> {
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let mut counted = Counted::default();
    // What follows the last line feed is still being written, or never will be.
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
    for line in bytes[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        match line::read(line) {
            Some((day, used)) => counted.add(day, &used),
            None => counted.damaged += 1,
        }
    }
    Ok(counted)
}

fn lock(path: &Path) -> io::Result<File> {
    refuse_what_is_no_file(path)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                return Err(ErrorKind::WouldBlock.into());
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
        }
    }
}
