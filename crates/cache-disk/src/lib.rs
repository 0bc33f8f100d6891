//! A build artifact cache in a directory, for build tools that want the guarantees of Go's.
//!
//! [`DiskCache`] reads and writes the very directory that the `go` command uses, beside it and at
//! the same time: `-a` files lead from an action ID to an output, `-d` files hold the outputs, and
//! their mtimes are the log of use from which trim removes what nobody wants any more.
//!
//! Where Go writes files in place, this crate writes a file without a name and gives it one, or a
//! temporary file and renames it. That costs some system calls for each put, and buys that no reader
//! ever sees half of what one of our writers writes, and that a writer that fails cannot harm a good
//! copy that is already there.
//!
//! ```
//! use cache_core::{ActionId, CacheExt, OutputId};
//! use cache_disk::DiskCache;
//!
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path();
//! let cache = DiskCache::open(dir)?;
//! let action = ActionId::from_bytes(*OutputId::of(b"how the result is computed").as_bytes());
//! cache.put_bytes(&action, b"the result")?;
//! let (entry, bytes) = cache.get_bytes(&action, 1 << 20)?.hit().ok_or("a miss")?;
//! assert_eq!(bytes, b"the result");
//! assert_eq!(entry.output, OutputId::of(b"the result"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod age_limit;
mod checkup;
#[cfg(test)]
mod claims;
mod clean;
mod clock;
mod disk;
mod entry_file;
mod examine;
mod executable;
mod hashing;
mod layout;
mod list;
mod look;
mod memory;
mod open;
mod own;
mod place;
mod positional;
mod publish;
mod put;
mod remove;
mod renew;
mod root;
mod shortage;
mod size_limit;
mod stamp;
mod streak;
mod sweep;
mod threads;
mod trim;
mod usage;

pub use checkup::{Bad, BadKind, CheckUpOptions, CheckUpReport};
pub use disk::DiskCache;
pub use examine::{
    Contents, Examination, FileSystem, Holder, Inodes, LastTrim, Leftovers, Locking, Nature,
    Rights, Trial, Trims,
};
pub use list::{Content, Entries, Listed, Totals};
pub use open::{Builder, DEFAULT_MAX_AGE};
pub use remove::Removed;
pub use trim::{Outcome, Progress, TrimOptions, TrimReport};
