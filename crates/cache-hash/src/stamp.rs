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

/// A stamp as it outlives the process: times in Unix nanoseconds, those before 1970 in two's
/// complement.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptStamp {
    pub(crate) size: u64,
    pub(crate) mtime: u64,
    pub(crate) ctime: u64,
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

#[cfg(unix)]
impl KeptStamp {
    pub(crate) const BYTES: usize = 40;

    /// The five numbers in little-endian order.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let Self { size, mtime, ctime, device, inode } = self;
        let mut bytes = [0; Self::BYTES];
        let fields = bytes.as_chunks_mut().0;
        for (field, number) in fields.iter_mut().zip([size, mtime, ctime, device, inode]) {
            *field = number.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let fields = bytes.as_chunks().0;
        let number = |at: usize| u64::from_le_bytes(fields[at]);
        Self {
            size: number(0),
            mtime: number(1),
            ctime: number(2),
            device: number(3),
            inode: number(4),
        }
    }
}

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

    /// The stamp as it outlives the process.
    ///
    /// `None` for a stamp that another state of the file, or another file, may have on another day:
    /// one whose ctime is a multiple of 10 ms. Such times come from a file system that stamps as
    /// coarsely (FAT, for which the ctime is no more than the mtime) or whose times are a choice of
    /// whoever made it (the images of squashfs and ISO 9660, where a later image at the same place
    /// may have the same ones). A kernel that counts nanoseconds gives one file in millions such a
    /// time.
    #[cfg(unix)]
    pub(crate) fn to_kept(self) -> Option<KeptStamp> {
        const COARSE: Nanoseconds = 10_000_000;
        let Identity { device, inode, ctime } = self.identity;
        if ctime % COARSE == 0 {
            return None;
        }
        Some(KeptStamp {
            size: self.size,
            mtime: i64::try_from(self.mtime).ok()?.cast_unsigned(),
            ctime: i64::try_from(ctime).ok()?.cast_unsigned(),
            device,
            inode,
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
        pub(super) device: u64,
        pub(super) inode: u64,
        pub(super) ctime: Nanoseconds,
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

#[cfg(all(test, unix))]
mod tests;
