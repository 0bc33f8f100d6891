//! The vocabulary of a build artifact cache, for those who use one and those who write one.
//!
//! A cache leads from an [`ActionId`] (what was computed) to an [`Entry`], and from the entry's
//! [`OutputId`] (the SHA-256 of the result) to a file with the result's bytes. [`Cache`] is that
//! contract in five methods, [`CacheExt`] the readers and writers that follow from it for every
//! implementation: a checked file, bytes, a memory map.
//!
//! The trait deals in files rather than in byte streams because build tools do: a compiler wants a
//! path to read. It is object-safe, so that a program can hold an `Arc<dyn Cache>` and swap a
//! directory for a helper process or a remote store without another change.
//!
//! A lookup that finds nothing is a value, [`Lookup::Miss`] with its reason, never an [`Error`]:
//! `?` is for failures alone.
//!
//! ```
//! use cache_core::{ActionId, Cache, CacheExt, Lookup};
//!
//! /// What `action` computed, from the cache or computed now and stored for the next time.
//! fn cached(
//!     cache: &dyn Cache,
//!     action: &ActionId,
//!     compute: impl FnOnce() -> Vec<u8>,
//! ) -> cache_core::Result<Vec<u8>> {
//!     if let Lookup::Hit((_entry, bytes)) = cache.get_bytes(action, 64 << 20)? {
//!         return Ok(bytes);
//!     }
//!     let bytes = compute();
//!     cache.put_bytes(action, &bytes)?;
//!     Ok(bytes)
//! }
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod cache;
mod entry;
mod error;
mod from_start;
mod hashing;
mod id;
mod own_file;
mod read;

pub use cache::{
    Cache, FileName, InvalidFileName, Lookup, OutputFile, PutOptions, ReadSeek, Source, Stored,
};
pub use entry::Entry;
pub use error::{BrokenPromise, Error, MissReason, Result, VerifyMismatch};
pub use from_start::FromStart;
pub use id::{ActionId, ID_BYTES, OutputId, ParseIdError, ParseIdProblem};
pub use own_file::refuse_what_is_no_file;
pub use read::{CacheExt, Check, MappedOutput};
