//! Everything that the answers are made of, from one walk through the cache.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Result;
use cache_disk::{Content, DiskCache, Totals};

use super::sharing::Sharing;
use crate::counters::{self, Counted, Day, Kind, Used};
use crate::report::histogram::Histogram;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Sizes of outputs, in bytes, in steps of eight.
const SIZES: [u64; 7] = [1 << 10, 8 << 10, 64 << 10, 512 << 10, 4 << 20, 32 << 20, 256 << 20];
/// Times since the last use, in seconds. Trim's five days are among them.
const AGES: [u64; 7] = [HOUR, 6 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY];
/// So many days are shown: two weeks.
const SHOWN_DAYS: u64 = 14;

/// What is in a cache, and how it has been used.
pub(super) struct Stats {
    pub(super) dir: PathBuf,
    pub(super) now: SystemTime,
    pub(super) totals: Totals,
    /// What the outputs' sizes would be if every entry had one of its own.
    pub(super) logical_bytes: u64,
    /// What sharing saves of that.
    pub(super) shared_bytes: u64,
    pub(super) sizes: Histogram,
    pub(super) ages: Histogram,
    pub(super) counted: Counted,
}

/// What there is where no cache is.
pub(super) fn nothing(dir: PathBuf, now: SystemTime) -> Stats {
    Stats {
        dir,
        now,
        totals: Totals::default(),
        logical_bytes: 0,
        shared_bytes: 0,
        sizes: Histogram::new(&SIZES),
        ages: Histogram::new(&AGES),
        counted: Counted::default(),
    }
}

/// Looks at everything. Looking does not count as use.
pub(super) fn gather(cache: &DiskCache, now: SystemTime) -> Result<Stats> {
    let mut stats = Stats { counted: counted(cache), ..nothing(cache.dir().to_owned(), now) };
    let mut sharing = Sharing::default();
    cache.contents(|content| {
        stats.totals.add(content);
        match content {
            Content::Entry { entry: Some(entry), .. } => sharing.entry(&entry.output),
            &Content::Output { output, size, used, .. } => {
                stats.sizes.add(size, size);
                let age = now.duration_since(used).unwrap_or_default();
                stats.ages.add(age.as_secs(), size);
                sharing.output(&output, size);
            }
            _ => {}
        }
    })?;
    stats.shared_bytes = sharing.saved_bytes();
    stats.logical_bytes = stats.totals.output_bytes.saturating_add(stats.shared_bytes);
    Ok(stats)
}

fn counted(cache: &DiskCache) -> Counted {
    counters::read(cache).unwrap_or_else(|e| {
        tracing::warn!("the use is not shown: {e}");
        Counted::default()
    })
}

impl Stats {
    /// The first day on which something was counted.
    pub(super) fn since(&self) -> Option<Day> {
        self.counted.by_day.keys().next().map(|(day, _)| *day)
    }

    /// What was counted of a kind, all days together.
    pub(super) fn of_kind(&self, kind: Kind) -> Used {
        let of_kind = self.counted.by_day.values().filter(|used| used.kind == kind);
        of_kind.fold(Used::new(kind), |mut sum, used| {
            sum += used;
            sum
        })
    }

    /// What was counted on a day of a kind.
    pub(super) fn on(&self, day: Day, kind: Kind) -> Used {
        self.counted.by_day.get(&(day, kind)).copied().unwrap_or(Used::new(kind))
    }

    /// Hits and misses of all kinds on a day.
    pub(super) fn lookups(&self, day: Day) -> (u64, u64) {
        Kind::ALL.map(|kind| self.on(day, kind)).iter().fold((0, 0), |(hits, misses), used| {
            (used.hits.saturating_add(hits), used.misses.saturating_add(misses))
        })
    }

    /// The last two weeks, today at the end; those before the first use are left out.
    pub(super) fn shown_days(&self) -> std::ops::RangeInclusive<Day> {
        let today = counters::day(self.now);
        let first = self.since().unwrap_or(today).max((today + 1).saturating_sub(SHOWN_DAYS));
        // A clock that was ahead may have counted on days that are yet to come.
        first.min(today)..=today
    }
}
