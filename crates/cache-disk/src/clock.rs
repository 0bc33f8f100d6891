//! Where the time comes from.

use std::time::SystemTime;

/// The cache's clock.
pub(crate) enum Clock {
    /// The system's, which is also the one that the kernel stamps files with.
    System,
    /// One that the cache was given.
    Given(Box<dyn Fn() -> SystemTime + Send + Sync>),
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            Clock::System => SystemTime::now(),
            Clock::Given(now) => now(),
        }
    }

    /// The mtime that a file written just now has to be given; `None` where the kernel's is right.
    pub(crate) fn mtime_to_set(&self) -> Option<SystemTime> {
        match self {
            Clock::System => None,
            Clock::Given(now) => Some(now()),
        }
    }
}
