//! What tells one state of a file from another without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use identity::Identity;

/// How old a file's times must be before they are relied on.
///
/// A file system stamps with a coarse clock: a few milliseconds on most, two seconds on FAT. Two
/// writes within one tick leave the same times, so a file that was written a moment ago may change
/// again without a trace in them.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A file's size, times and identity at one moment. Two that differ belong to two states of the
/// file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    mtime: Nanoseconds,
    identity: Identity,
}

/// Nanoseconds since the Unix epoch, wide enough for every time that a system can give.
type Nanoseconds = i128;

impl Stamp {
    /// The stamp of a regular file. `None` for anything else, which may give other bytes at every
    /// reading, and where the system tells no mtime.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        if !metadata.is_file() {
            return None;
        }
        Some(Self {
            size: metadata.len(),
            mtime: nanoseconds(metadata.modified().ok()?),
            identity: Identity::of(metadata),
        })
    }

    /// The file's size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether a change of the file at `moment` or after it is sure to show in its stamp. A file
    /// with times in the future is not settled.
    pub(crate) fn is_settled_at(&self, moment: SystemTime) -> bool {
        let newest = self.mtime.max(self.identity.newest().unwrap_or(self.mtime));
        newest + SETTLED_AFTER.as_nanos() as Nanoseconds <= nanoseconds(moment)
    }
}

fn nanoseconds(time: SystemTime) -> Nanoseconds {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as Nanoseconds,
        Err(before) => -(before.duration().as_nanos() as Nanoseconds),
    }
}

#[cfg(unix)]
mod identity {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;

    use super::Nanoseconds;

    /// What a program cannot set back, as it can the mtime: which file it is, and when anything
    /// about it last changed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Identity {
        device: u64,
        inode: u64,
        ctime: Nanoseconds,
    }

    impl Identity {
        pub(super) fn of(metadata: &Metadata) -> Self {
            let seconds = Nanoseconds::from(metadata.ctime());
            Self {
                device: metadata.dev(),
                inode: metadata.ino(),
                ctime: seconds * 1_000_000_000 + Nanoseconds::from(metadata.ctime_nsec()),
            }
        }

        /// The newest of the times in it.
        pub(super) fn newest(&self) -> Option<Nanoseconds> {
            Some(self.ctime)
        }
    }
}

#[cfg(not(unix))]
mod identity {
    use std::fs::Metadata;

    use super::Nanoseconds;

    /// When the file was made, where the system tells: of two files that had the same path, the
    /// one nearest to an identity that the standard library gives everywhere.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Identity {
        created: Option<Nanoseconds>,
    }

    impl Identity {
        pub(super) fn of(metadata: &Metadata) -> Self {
            Self { created: metadata.created().ok().map(super::nanoseconds) }
        }

        /// The newest of the times in it.
        pub(super) fn newest(&self) -> Option<Nanoseconds> {
            self.created
        }
    }
}
