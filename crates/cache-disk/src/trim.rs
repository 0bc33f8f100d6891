//! Trim: removing what has not been used for a while.

use std::fs::File;
use std::time::{Duration, SystemTime};

use cache_core::{Error, Result};

use crate::age_limit::AgeTrim;
use crate::disk::DiskCache;
use crate::layout::{self, FOLDERS};
use crate::open::DEFAULT_MAX_AGE;
use crate::remove::Removed;
use crate::size_limit::SizeTrim;
use crate::stamp;
use crate::sweep::{Sweep, Tally};

/// How a trim is done. [`Default`] is Go's way: what was not used for five days, once a day.
#[derive(Clone)]
pub struct TrimOptions<'a> {
    /// How long after its last use a file is removed; less than two hours count as two. An hour is
    /// added, because marks of use lag by up to that much.
    pub max_age: Duration,
    /// How much the cache may take on disk, in bytes: the least recently used files over it are
    /// removed, but never one that was used within two hours. `None`: no limit.
    pub max_size: Option<u64>,
    /// Trims even when the last trim was less than a day ago (by size: less than an hour).
    pub force: bool,
    /// Reports what would be removed and changes nothing.
    pub dry_run: bool,
    /// How long it may take. What is left then is for the next trim, which begins where this one
    /// was cut. Every call gets through one folder of 256 at least. `None`: as long as it takes.
    pub budget: Option<Duration>,
    /// Is told how far it is, in folders. A trim by size goes through them twice, unless nothing has
    /// to go.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Default for TrimOptions<'_> {
    fn default() -> Self {
        Self {
            max_age: DEFAULT_MAX_AGE,
            max_size: None,
            force: false,
            dry_run: false,
            budget: None,
            progress: None,
        }
    }
}

/// How far a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// How much there is to do.
    pub total: u64,
}

/// What a trim did.
#[derive(Debug)]
#[non_exhaustive]
pub struct TrimReport {
    /// How the trim by age ended.
    pub by_age: Outcome,
    /// How the trim by size ended; `None` when no limit was given.
    pub by_size: Option<Outcome>,
    /// What both removed together, or would have.
    pub removed: Removed,
    /// Files that were due but that someone held or used at that moment; they were left alone.
    pub in_use: u64,
    /// By how many bytes the cache is still over its size limit after a trim by size that is
    /// [`Outcome::Done`]: what is left was used too recently, or could not be removed.
    pub over_limit: u64,
    /// What could not be listed or removed: the first 16 failures.
    pub failures: Vec<Error>,
}

/// How a trim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It went through the whole directory.
    Done,
    /// It did nothing: the last one is not long enough ago.
    NotDue {
        /// When the last one began.
        last: SystemTime,
    },
    /// Its time was up before it was through; the next one goes on there.
    Cut {
        /// How many folders of 256 are left.
        folders_left: u16,
    },
    /// It did nothing: another process is trimming this directory.
    Busy,
}

impl DiskCache {
    /// Removes what has not been used for a while, and what is over the size limit, as `options`
    /// say. Touches nothing but entries, outputs and temporary files of ours.
    ///
    /// What one file or folder does not allow goes into the report and stops nothing else; neither
    /// does a stamp that cannot be written, as on a full disk.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn trim(&self, options: &TrimOptions<'_>) -> Result<TrimReport> {
        let now = self.clock.now();
        let age = AgeTrim { cache: self, now };
        let size = options.max_size.map(|limit| SizeTrim { cache: self, now, limit });
        let due = || (age.due(options), size.as_ref().map(|size| size.due(options)));

        let (mut age_due, mut size_due) = due();
        let idle = age_due.is_no() && size_due.as_ref().is_none_or(Due::is_no);
        let lock = if idle || options.dry_run { Lock::NotNeeded } else { self.trim_lock() };
        if let Lock::Ours(_) = lock {
            // Until it was held, another process may have done the work, or a part of it.
            (age_due, size_due) = due();
        }
        let busy = matches!(lock, Lock::Others);

        let passes = u64::from(!age_due.is_no())
            + 2 * u64::from(size_due.as_ref().is_some_and(|due| !due.is_no()));
        let sweep = Sweep::new(&self.root, options, passes * u64::from(FOLDERS));
        let by_age = match age_due {
            Due::No { last } => Outcome::NotDue { last },
            Due::Go(_) if busy => Outcome::Busy,
            Due::Go(part) => age.run(&sweep, part),
        };
        // What a dry run by age would have removed is still there, and must not be counted twice.
        let expired = options.dry_run.then(|| age.cutoff(options)).flatten();
        let expired = expired.filter(|_| matches!(by_age, Outcome::Done));
        let mut over_limit = 0;
        let by_size = size.zip(size_due).map(|(size, due)| match due {
            Due::No { last } => Outcome::NotDue { last },
            Due::Go(_) if busy => Outcome::Busy,
            Due::Go(state) => {
                let (outcome, over) = size.run(&sweep, state, expired);
                over_limit = over;
                outcome
            }
        });
        let Tally { removed, in_use, failures } = sweep.into_tally();
        Ok(TrimReport { by_age, by_size, removed, in_use, over_limit, failures })
    }

    fn trim_lock(&self) -> Lock {
        self.root.make_folder_named(layout::OURS).ok();
        match stamp::try_hold(&self.root, layout::TRIM_LOCK) {
            Ok(Some(file)) => Lock::Ours(file),
            Ok(None) => Lock::Others,
            Err(_) => Lock::None,
        }
    }
}

/// Whether a trim has anything to do.
pub(crate) enum Due<T> {
    /// No: the last one began then.
    No { last: SystemTime },
    /// Yes, this.
    Go(T),
}

impl<T> Due<T> {
    fn is_no(&self) -> bool {
        matches!(self, Due::No { .. })
    }
}

/// The lock under which a directory is trimmed.
enum Lock {
    NotNeeded,
    /// Held, as long as the file is open.
    Ours(#[allow(dead_code, reason = "held, not read")] File),
    Others,
    /// Not to be had, as in a directory that cannot be written: two trims at once do no harm.
    None,
}
