//! What the directory stands on: the file system, its free space, the clock.

use std::time::{Duration, SystemTime};

use cache_default::Origin;
use cache_disk::{FileSystem, LastTrim, Locking, Nature, Trial};

use super::check::Check;
use crate::report;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A percent of a large disk is room for many builds.
const LITTLE: (u64, u64) = (100 * MIB, 10 * GIB);

/// 2020-01-01 in Unix seconds. Larder is younger.
const LONG_AGO: u64 = 1_577_836_800;

/// A clock that is off by this is no trouble: the kernel's own stamps lag by up to a hundredth.
const CLOSE: Duration = Duration::from_secs(2);

/// Marks of use lag by up to an hour; with a clock that is off by more, they say nothing.
const FAR: Duration = Duration::from_secs(60 * 60);

/// Other machines' clocks are off by no more, and another one's builds leave marks as well.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// Looks at the kind of the file system, and what it can do; `trial` is what came of writing to it.
pub(super) fn file_system(found: &FileSystem, trial: Option<&Trial>) -> Check {
    let name = found.name.as_deref().unwrap_or("of an unknown kind");
    let check = kind(Check::of("file system"), name, found.nature);
    let check = match found.is_read_only {
        true => check.wrong("it is read-only", "name another directory with --dir"),
        false => check,
    };
    let Some(trial) = trial else { return check };
    let check = locks(check, &trial.locking);
    let check = match trial.time_step {
        Some(step) if step < Duration::from_secs(1) => {
            check.fine(format!("times to {}", unit(step)))
        }
        step => check.warning(
            match step {
                Some(step) => format!("times only to {}", unit(step)),
                None => "times are not kept as they are set".to_owned(),
            },
            "trims go by when a file was used: name a directory on another file system with --dir",
        ),
    };
    match trial.shares_blocks {
        Some(true) => check.fine("copies share their blocks"),
        _ => check,
    }
}

/// What the kind of a file system means for a cache.
fn kind(check: Check, name: &str, nature: Nature) -> Check {
    match nature {
        Nature::Network => check.warning(
            format!("{name}, where locks cannot be relied on"),
            "name a directory on a local disk with --dir, and share results through a store \
             (LARDER_REMOTE)",
        ),
        Nature::Memory => check.fine(format!("{name} (in memory: gone after a restart)")),
        Nature::Layered => {
            check.fine(format!("{name} (as containers have: gone with the container)"))
        }
        _ => check.fine(name),
    }
}

fn locks(check: Check, locking: &Locking) -> Check {
    let advice = "a trim may take away what a build uses, and equal runs may run twice: name a \
                  directory on a local disk with --dir";
    match locking {
        Locking::Works => check.fine("locks work"),
        Locking::KeepsNobodyOut => check.warning("locks keep nobody out", advice),
        Locking::Fails(e) => check.warning(format!("locks do not work: {e}"), advice),
        _ => check,
    }
}

fn unit(step: Duration) -> String {
    const UNITS: [(Duration, &str); 4] = [
        (Duration::from_secs(1), "second"),
        (Duration::from_millis(1), "millisecond"),
        (Duration::from_micros(1), "microsecond"),
        (Duration::from_nanos(1), "nanosecond"),
    ];
    for (unit, name) in UNITS {
        match step.as_nanos() / unit.as_nanos() {
            0 => {}
            1 => return format!("the {name}"),
            n => return format!("{n} {name}s"),
        }
    }
    "nothing".to_owned()
}

/// How much room there is.
pub(super) struct Room {
    /// In bytes.
    available: u64,
    total: u64,
    /// How many files can be made, and how many there can be in all.
    files: Option<(u64, u64)>,
}

impl From<&FileSystem> for Room {
    fn from(found: &FileSystem) -> Self {
        Self {
            available: found.available,
            total: found.total,
            files: found.inodes.map(|inodes| (inodes.available, inodes.total)),
        }
    }
}

/// Looks whether a put would find room, and whether the size limit could ever be reached; `used` is
/// what the cache takes now, in bytes.
pub(super) fn free_space(room: &Room, limit: Option<(u64, &Origin)>, used: u64) -> Check {
    let check = limit_to_room(free(room), room, limit, used);
    let Some((files, in_all)) = room.files else { return check };
    let advice = "remove files that nobody needs; larder trim --max-size removes the cache's own";
    match files {
        0 => check.wrong("no more files can be made (inodes)", advice),
        _ if files < in_all / 100 => {
            let text = format!("only {files} more files can be made (inodes)");
            check.warning(text, advice)
        }
        _ => check,
    }
}

fn free(room: &Room) -> Check {
    let check = Check::of("free space");
    let (free, total) = (report::size(room.available), report::size(room.total));
    let advice = "free some space, or remove the cache's contents with larder clean";
    let little = (room.total / 100).clamp(LITTLE.0, LITTLE.1);
    match room.available {
        0 => check.wrong(format!("none of {total}"), advice),
        free_bytes if free_bytes < little => {
            check.warning(format!("only {free} of {total}"), advice)
        }
        _ => check.fine(format!("{free} of {total}")),
    }
}

fn limit_to_room(check: Check, room: &Room, limit: Option<(u64, &Origin)>, used: u64) -> Check {
    let Some((limit, origin)) = limit else { return check };
    let shown = report::size(limit);
    match limit.saturating_sub(used) > room.available {
        true => check.warning(
            format!(
                "the size limit is {shown} ({origin}), and the disk is full before the cache, with \
                 {} now, has as much",
                report::size(used)
            ),
            "lower the limit, max-size or LARDER_MAX_SIZE",
        ),
        false => check.fine(format!("the size limit is {shown} ({origin})")),
    }
}

/// What there is to hold against the clock.
#[derive(Default)]
pub(super) struct Times {
    /// How far it is from the clock by which files are stamped.
    pub(super) off: Option<Duration>,
    /// The newest mark of use in the cache.
    pub(super) newest_use: Option<SystemTime>,
    pub(super) last_trim: Option<LastTrim>,
}

/// Looks whether the clock can be right.
pub(super) fn clock(now: SystemTime, times: &Times) -> Check {
    let mut check = Check::of("clock");
    let set = "set the clock";
    if now < SystemTime::UNIX_EPOCH + Duration::from_secs(LONG_AGO) {
        check = check.wrong(format!("it says {}", report::moment(now)), set);
    }
    match times.off {
        Some(off) if off > CLOSE => {
            let by = report::duration(off);
            let text = format!("it is {by} from the one by which files are stamped");
            let advice = format!("{set} of this machine, or of the one that has the files");
            check = if off > FAR { check.wrong(text, advice) } else { check.warning(text, advice) };
        }
        Some(_) => check = check.fine("it agrees with the one by which files are stamped"),
        None => {}
    }
    let ahead = |time: SystemTime| {
        let ahead = time.duration_since(now).unwrap_or_default();
        let whole = Duration::from_secs(ahead.as_secs());
        (ahead > AHEAD).then(|| humantime::format_duration(whole).to_string())
    };
    let advice = "if the clock is right now, the next trim puts that right; else set it";
    if let Some(ahead) = times.newest_use.and_then(ahead) {
        let text = format!("something in the cache was last used {ahead} from now");
        check = check.warning(text, advice);
    }
    if let Some(LastTrim::At(time)) = times.last_trim
        && let Some(ahead) = ahead(time)
    {
        check = check.warning(format!("the last trim was {ahead} from now"), advice);
    }
    match check.text.is_empty() {
        true => check.fine(format!("it says {}", report::moment(now))),
        false => check,
    }
}

#[cfg(test)]
mod tests;
