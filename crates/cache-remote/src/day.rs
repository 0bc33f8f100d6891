//! Days.

use std::fmt;
use std::time::{Duration, SystemTime};

const SECONDS: u64 = 86_400;

/// A day in UTC, counted from 1970-01-01, in the years to 9999. Its text form is `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(u32);

impl Day {
    /// The first day that is not one: 10000-01-01.
    const END: u32 = 2_932_897;

    /// The day with this number; `None` from the year 10000 on.
    pub(crate) fn new(number: u32) -> Option<Self> {
        (number < Self::END).then_some(Self(number))
    }

    /// The day of a time; of one outside, the nearest.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let number = u32::try_from(since.as_secs() / SECONDS).unwrap_or(u32::MAX);
        Self(number.min(Self::END - 1))
    }

    /// How many days after 1970-01-01 it is.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// How many days after `earlier` it is; 0 when it is before.
    pub(crate) fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(self.0) * SECONDS);
        let text = humantime::format_rfc3339_seconds(begin).to_string();
        f.write_str(text.split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_people_do() {
        let text = |number| Day::new(number).map(|day| day.to_string());
        assert_eq!(text(0).as_deref(), Some("1970-01-01"));
        assert_eq!(text(20777).as_deref(), Some("2026-11-20"));
        assert_eq!(text(2_932_896).as_deref(), Some("9999-12-31"));
        assert_eq!(text(2_932_897), None);
    }

    #[test]
    fn a_time_outside_is_on_the_nearest_day() {
        let at = |seconds| Day::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).number();
        assert_eq!(at(0), 0);
        assert_eq!(at(86_399), 0);
        assert_eq!(at(86_400), 1);
        assert_eq!(at(1 << 40), 2_932_896);
        assert_eq!(Day::of(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).number(), 0);
    }
}
