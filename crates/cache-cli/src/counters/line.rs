//! One line of the counters: `v1 DAY KIND HITS MISSES PUTS SAVED CHECKSUM`.

use std::time::Duration;

use cache_core::OutputId;

use super::{Day, Kind, Used};

/// So many hexadecimal digits of the SHA-256 of what stands before them.
const CHECKSUM: usize = 16;

/// A day after this one only a broken clock gives, and it cannot be written as a date.
const YEAR_10000: Day = 2_932_897;

/// The line, with its line feed.
pub(super) fn write(day: Day, used: &Used) -> String {
    let Used { kind, hits, misses, puts, saved } = used;
    let saved = u64::try_from(saved.as_nanos()).unwrap_or(u64::MAX);
    let text = format!("v1 {day} {} {hits} {misses} {puts} {saved} ", kind.name());
    let checksum = checksum(text.as_bytes());
    text + &checksum + "\n"
}

/// What a line without its line feed says; `None` when it is not one that [`write()`] made.
pub(super) fn read(line: &[u8]) -> Option<(Day, Used)> {
    let (text, sum) = line.split_at_checked(line.len().checked_sub(CHECKSUM)?)?;
    if checksum(text).as_bytes() != sum {
        return None;
    }
    let mut words = str::from_utf8(text).ok()?.strip_suffix(' ')?.split(' ');
    if words.next()? != "v1" {
        return None;
    }
    let day = words.next()?.parse().ok().filter(|day| *day < YEAR_10000)?;
    let kind = words.next()?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
    let mut number = || words.next()?.parse().ok();
    let used = Used {
        kind,
        hits: number()?,
        misses: number()?,
        puts: number()?,
        saved: Duration::from_nanos(number()?),
    };
    words.next().is_none().then_some((day, used))
}

fn checksum(text: &[u8]) -> String {
    let mut digits = OutputId::of(text).to_string();
    digits.truncate(CHECKSUM);
    digits
}
