//! The trim by age, which shares its stamp with Go.

use std::io;
use std::time::{Duration, SystemTime};

use crate::disk::DiskCache;
use crate::layout::{self, FOLDERS, Named};
use crate::look::{Kind, Look};
use crate::sweep::Sweep;
use crate::trim::{Due, Outcome, TrimOptions};
use crate::{stamp, usage};

/// How long after a trim by age the next one is due.
const AGE_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what was used is left alone in any case.
pub(crate) const LEAST_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// A writer's temporary file is locked while it is written; one that is not, and that nobody has
/// touched for this long, belongs to a writer that is gone.
pub(crate) const LEFTOVER_AGE: Duration = Duration::from_secs(10 * 60);

/// The trim by age.
pub(crate) struct AgeTrim<'a> {
    pub(crate) cache: &'a DiskCache,
    pub(crate) now: SystemTime,
}

/// Which folders a trim has to go through: `left` of them from `next` on, around the end.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    next: u8,
    left: u16,
    /// Whether an earlier trim has stamped the directory for it.
    stamped: bool,
}

impl AgeTrim<'_> {
    /// What was last used before this is removed; `None`: nothing.
    pub(crate) fn cutoff(&self, options: &TrimOptions<'_>) -> Option<SystemTime> {
        // A path that was given out is good for two hours, whatever the age.
        let age = options.max_age.max(LEAST_AGE);
        self.now.checked_sub(age.saturating_add(usage::INTERVAL))
    }

    /// Whether the trim has anything to do, decided without an exclusive lock: the common answer
    /// is no, and then this is all that it costs.
    pub(crate) fn due(&self, options: &TrimOptions<'_>) -> Due<Part> {
        let rest = self.rest();
        let stamp = stamp::read_or_nothing(&self.cache.root, layout::TRIM_STAMP);
        match stamp.and_then(|text| recent(unix_seconds_in(&text)?, self.now, AGE_INTERVAL)) {
            Some(last) if !options.force => match rest {
                Some(rest) => Due::Go(rest),
                None => Due::No { last },
            },
            _ => {
                // A dry run says what a whole trim would do.
                let next = rest.filter(|_| !options.dry_run).map_or(0, |rest| rest.next);
                Due::Go(Part { next, left: FOLDERS, stamped: false })
            }
        }
    }

    pub(crate) fn run(&self, sweep: &Sweep<'_>, part: Part) -> Outcome {
        if !part.stamped && !sweep.options.dry_run {
            // Stamped before the work, and looked at again under the lock, so that of several
            // processes that all find a trim due only one does it.
            let stamped = stamp::replace(&self.cache.root, layout::TRIM_STAMP, |old| {
                let recent = |stamp| recent(stamp, self.now, AGE_INTERVAL);
                let others = unix_seconds_in(old).and_then(recent).is_some();
                let skip = others && !sweep.options.force;
                (!skip).then(|| unix_seconds(self.now).to_string())
            });
            match stamped {
                Ok(true) => {}
                Ok(false) => return Outcome::Busy,
                Err(e) => tracing::debug!("stamping the trim: {e}"),
            }
        }
        let cutoff = self.cutoff(sweep.options);
        let done =
            sweep.through(part.next, part.left, &|folder| self.folder(sweep, folder, cutoff));
        let folders_left = part.left - done;
        if folders_left == 0 {
            self.keep_rest(sweep.options, None);
            return Outcome::Done;
        }
        // Wraps around the end on purpose.
        let next = part.next.wrapping_add(done as u8);
        self.keep_rest(sweep.options, Some((next, folders_left)));
        Outcome::Cut { folders_left }
    }

    fn folder(&self, sweep: &Sweep<'_>, folder: u8, cutoff: Option<SystemTime>) {
        // By the kernel's clock, which stamps temporary files, whatever the cache's is.
        let kernel_now = SystemTime::now();
        let abandoned = kernel_now.checked_sub(LEFTOVER_AGE);
        for item in sweep.items(folder) {
            let (due, now) = match item.named {
                Named::Foreign => continue,
                Named::Leftover => (abandoned, kernel_now),
                Named::Entry(_) | Named::Output(_) | Named::Stray => {
                    (cutoff, self.cache.clock.now())
                }
            };
            let is_due = |look: &Look| {
                due.is_some_and(|due| look.mtime < due)
                    // It can be neither used nor given another mtime.
                    || (look.kind == Kind::Other && usage::is_ahead(look.mtime, now))
            };
            if is_due(&item.look) {
                sweep.remove(&item, &is_due);
            } else if !sweep.options.dry_run {
                usage::end_future(&self.cache.root, now, &item.name, item.look.mtime);
            }
        }
    }

    /// Where an earlier trim was cut.
    fn rest(&self) -> Option<Part> {
        let text = stamp::read_or_nothing(&self.cache.root, layout::TRIM_POSITION)?;
        let (next, left) = text.trim().split_once(' ')?;
        let (next, left) = (next.parse().ok()?, left.parse().ok()?);
        (1..=FOLDERS).contains(&left).then_some(Part { next, left, stamped: true })
    }

    fn keep_rest(&self, options: &TrimOptions<'_>, rest: Option<(u8, u16)>) {
        if options.dry_run {
            return;
        }
        let (root, name) = (&self.cache.root, layout::TRIM_POSITION);
        let kept = match rest {
            Some((next, left)) => {
                stamp::replace(root, name, |_| Some(format!("{next} {left}\n"))).map(|_| ())
            }
            None => root.remove_file(name),
        };
        if let Err(e) = kept
            && e.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!("keeping the position of the trim: {e}");
        }
    }
}

/// The number in a stamp; `None` when it is damaged.
pub(crate) fn unix_seconds_in(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// The time of a stamp, in Unix seconds, when it is less than `interval` ago. One that lies more
/// than an hour in the future counts as none: a trim too many costs little.
pub(crate) fn recent(stamp: i64, now: SystemTime, interval: Duration) -> Option<SystemTime> {
    let age = i128::from(unix_seconds(now)) - i128::from(stamp);
    let is_recent =
        age < i128::from(interval.as_secs()) && age > -i128::from(usage::INTERVAL.as_secs());
    let since_1970 = Duration::from_secs(u64::try_from(stamp).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since_1970).filter(|_| is_recent)
}

/// Unix seconds, with the times before 1970 negative.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            -i64::try_from(before.duration().as_secs_f64().ceil() as u64).unwrap_or(i64::MAX)
        }
    }
}
