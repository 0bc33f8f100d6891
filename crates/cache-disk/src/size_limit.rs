//! The size limit: the least recently used files over it are removed.
//!
//! A cache may hold a million files, and a trim may have to stop at any moment. So files are not
//! sorted one by one: a first pass counts the bytes on disk by the hour of last use (an mtime says
//! no more than that anyway), which shows up to which hour everything has to go, and a second pass
//! removes it. Between two calls the state is a few lines in a file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::age_limit::{recent, unix_seconds};
use crate::disk::DiskCache;
use crate::layout::{self, FOLDERS, Named};
use crate::list::Item;
use crate::sweep::Sweep;
use crate::trim::{Due, Outcome, TrimOptions};
use crate::{remove, stamp};

/// How long the state of a trim that was cut is good for: long, for a large cache on a slow disk may
/// get through one folder a day. A count that is old counts what is gone by now too, so that a little
/// more is removed than had to be; the next trim counts anew.
const STATE_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long after a trim by size the next one is due. What was used in the last hours is left alone
/// anyway.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// A path that was given out is good for two hours; marks of use lag by up to one.
const GUARD: Duration = Duration::from_secs(3 * 60 * 60);

/// What is older than this is as good as this old, so that the state stays small.
const OLDEST_HOURS: i64 = 400 * 24;

/// The trim by size.
pub(crate) struct SizeTrim<'a> {
    pub(crate) cache: &'a DiskCache,
    pub(crate) now: SystemTime,
    /// In bytes on disk.
    pub(crate) limit: u64,
}

/// The hour of last use that an mtime says, in Unix hours.
fn hour(mtime: SystemTime) -> i64 {
    unix_seconds(mtime).div_euclid(3600)
}

/// Where a trim by size is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// When it began, in Unix seconds.
    began: i64,
    phase: Phase,
    /// The next folder in this phase.
    next: u16,
    /// The limit in bytes.
    limit: u64,
    /// Bytes on disk by the hour of last use, in Unix hours.
    hours: BTreeMap<i64, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Count,
    Remove,
    Done,
}

impl SizeTrim<'_> {
    pub(crate) fn due(&self, options: &TrimOptions<'_>) -> Due<State> {
        let text = stamp::read_or_nothing(&self.cache.root, layout::SIZE_STATE);
        let kept = text.as_deref().and_then(State::parse);
        let since = |state: &State, interval| recent(state.began, self.now, interval);
        match kept {
            Some(state) if state.phase == Phase::Done => match since(&state, INTERVAL) {
                Some(last) if !options.force => return Due::No { last },
                _ => {}
            },
            Some(mut state) if !options.dry_run && since(&state, STATE_AGE).is_some() => {
                if state.limit != self.limit {
                    // What was left alone under the old limit may have to go under this one.
                    state.limit = self.limit;
                    state.next = if state.phase == Phase::Remove { 0 } else { state.next };
                }
                return Due::Go(state);
            }
            _ => {}
        }
        Due::Go(State {
            began: unix_seconds(self.now),
            phase: Phase::Count,
            next: 0,
            limit: self.limit,
            hours: BTreeMap::new(),
        })
    }

    /// Goes on from `state`. What is older than `expired` does not count. Returns also by how many
    /// bytes the cache is still over its limit, once that is known.
    pub(crate) fn run(
        &self,
        sweep: &Sweep<'_>,
        mut state: State,
        expired: Option<SystemTime>,
    ) -> (Outcome, u64) {
        let items = |folder| {
            let mut items = sweep.items(folder);
            items.retain(|item| {
                let counts =
                    matches!(item.named, Named::Entry(_) | Named::Output(_) | Named::Stray);
                counts && expired.is_none_or(|expired| item.look.mtime >= expired)
            });
            items
        };
        let oldest = state.oldest_hour();
        if state.phase == Phase::Count {
            let hours = Mutex::new(std::mem::take(&mut state.hours));
            let lock = || hours.lock().unwrap_or_else(PoisonError::into_inner);
            self.phase(sweep, &mut state, &|folder| {
                for item in items(folder) {
                    let bytes = remove::on_disk(&self.cache.root, &item.name, &item.look);
                    // What lies ahead counts as used now, so that the state stays small here too.
                    let hour = oldest.max(hour(item.look.mtime.min(self.now)));
                    let mut hours = lock();
                    let counted = hours.entry(hour).or_default();
                    *counted = counted.saturating_add(bytes);
                }
            });
            state.hours = hours.into_inner().unwrap_or_else(PoisonError::into_inner);
            if state.next == FOLDERS {
                (state.phase, state.next) = (Phase::Remove, 0);
            }
        }
        let excess = state.total().saturating_sub(self.limit);
        if state.phase == Phase::Remove && excess > 0 {
            let plan = Mutex::new(Plan::new(&state, excess));
            self.phase(sweep, &mut state, &|folder| {
                for item in items(folder) {
                    self.remove(sweep, &plan, &item, oldest);
                }
            });
            state.hours = plan.into_inner().unwrap_or_else(PoisonError::into_inner).hours;
        }
        let over = state.total().saturating_sub(self.limit);
        if state.phase == Phase::Count || (over > 0 && state.next < FOLDERS) {
            self.keep(sweep.options, &state);
            return (Outcome::Cut { folders_left: FOLDERS - state.next }, 0);
        }
        state = State { phase: Phase::Done, next: 0, hours: BTreeMap::new(), ..state };
        self.keep(sweep.options, &state);
        (Outcome::Done, over)
    }

    /// Does `work` for the folders that are left of a phase, until the time is up.
    fn phase(&self, sweep: &Sweep<'_>, state: &mut State, work: &(dyn Fn(u8) + Sync)) {
        let left = FOLDERS - state.next;
        if let Ok(next) = u8::try_from(state.next) {
            state.next += sweep.through(next, left, work);
        }
    }

    fn remove(&self, sweep: &Sweep<'_>, plan: &Mutex<Plan>, item: &Item, oldest: i64) {
        let guard = self.now.checked_sub(GUARD).unwrap_or(SystemTime::UNIX_EPOCH);
        let used = item.look.mtime;
        let hour = oldest.max(hour(used));
        let lock = || plan.lock().unwrap_or_else(PoisonError::into_inner);
        if used > guard || !lock().wants(hour) {
            return;
        }
        let freed = sweep.remove(item, &|look| look.mtime == used);
        lock().freed(hour, freed);
    }

    fn keep(&self, options: &TrimOptions<'_>, state: &State) {
        if options.dry_run {
            return;
        }
        let (root, name) = (&self.cache.root, layout::SIZE_STATE);
        if let Err(e) = stamp::replace(root, name, |_| Some(state.format())) {
            tracing::debug!("keeping the state of the trim by size: {e}");
        }
    }
}

/// What has to go, and what is left.
struct Plan {
    hours: BTreeMap<i64, u64>,
    /// Everything goes that was last used before this hour,
    last_hour: i64,
    /// and this many bytes of what was last used in it.
    from_last_hour: u64,
}

impl Plan {
    fn new(state: &State, excess: u64) -> Self {
        let (mut last_hour, mut from_last_hour) = (i64::MAX, excess);
        for (&hour, &bytes) in &state.hours {
            if bytes >= from_last_hour {
                last_hour = hour;
                break;
            }
            from_last_hour -= bytes;
        }
        Self { hours: state.hours.clone(), last_hour, from_last_hour }
    }

    fn wants(&self, hour: i64) -> bool {
        hour < self.last_hour || (hour == self.last_hour && self.from_last_hour > 0)
    }

    fn freed(&mut self, hour: i64, bytes: u64) {
        if hour == self.last_hour {
            self.from_last_hour = self.from_last_hour.saturating_sub(bytes);
        }
        if let Some(left) = self.hours.get_mut(&hour) {
            *left = left.saturating_sub(bytes);
        }
    }
}

impl State {
    /// Everything that was counted and not removed, in bytes on disk.
    fn total(&self) -> u64 {
        self.hours.values().fold(0, |sum, &bytes| sum.saturating_add(bytes))
    }

    /// The hour that stands for all hours before it.
    fn oldest_hour(&self) -> i64 {
        self.began / 3600 - OLDEST_HOURS
    }

    fn format(&self) -> String {
        let phase = match self.phase {
            Phase::Count => "count",
            Phase::Remove => "remove",
            Phase::Done => "done",
        };
        let mut text = format!("v1 {} {phase} {} {}\n", self.began, self.next, self.limit);
        for (hour, bytes) in &self.hours {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{hour} {bytes}");
        }
        text
    }

    /// `None` for a text that is damaged: the trim begins anew.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut words = lines.next()?.strip_prefix("v1 ")?.split(' ');
        let began = words.next()?.parse().ok()?;
        let phase = match words.next()? {
            "count" => Phase::Count,
            "remove" => Phase::Remove,
            "done" => Phase::Done,
            _ => return None,
        };
        let next = words.next()?.parse().ok().filter(|&next| next <= FOLDERS)?;
        let limit = words.next()?.parse().ok()?;
        let hours = lines
            .map(|line| {
                let (hour, bytes) = line.split_once(' ')?;
                Some((hour.parse().ok()?, bytes.parse().ok()?))
            })
            .collect::<Option<_>>()?;
        Some(Self { began, phase, next, limit, hours })
    }
}
