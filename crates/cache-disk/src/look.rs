//! What one look at a file tells.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// What kind of thing a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Other,
}

/// What one look at a file, without following a symbolic link, tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) kind: Kind,
    /// In bytes.
    pub(crate) size: u64,
    /// The time of last use.
    pub(crate) mtime: SystemTime,
    /// The last time anything about it changed, by the kernel's clock.
    pub(crate) changed: SystemTime,
    /// Allocated on disk, in bytes.
    pub(crate) on_disk: u64,
    /// What tells it from every other file, where the platform has that.
    pub(crate) identity: Option<(u64, u64)>,
    /// How many names it has, where the platform has that: of one with more than its own, others are
    /// perhaps outside of the directory.
    pub(crate) names: u64,
    /// The number of the user to whom it belongs, where the platform has that.
    pub(crate) owner: Option<u32>,
}

impl Look {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let kind = match metadata.file_type() {
            t if t.is_file() => Kind::File,
            t if t.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        let mtime = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self {
                kind,
                size: metadata.len(),
                mtime,
                changed: unix_time(metadata.ctime(), metadata.ctime_nsec()),
                // Counted in units of 512 bytes whatever the file system's block size is.
                on_disk: metadata.blocks() * 512,
                identity: Some((metadata.dev(), metadata.ino())),
                names: metadata.nlink(),
                owner: Some(metadata.uid()),
            }
        }
        #[cfg(not(unix))]
        Self {
            kind,
            size: metadata.len(),
            mtime,
            changed: mtime,
            on_disk: metadata.len().next_multiple_of(4096),
            identity: None,
            names: 1,
            owner: None,
        }
    }
}

/// The time `seconds` and `nanoseconds` after 1970, which may lie before it.
#[cfg(unix)]
pub(crate) fn unix_time(seconds: i64, nanoseconds: i64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    base.and_then(|t| t.checked_add(Duration::from_nanos(nanoseconds.unsigned_abs())))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
