//! A build artifact cache over a store of its own: entries are rows in SQLite, outputs are files.
//!
//! It is an example of how [`cache_core::Cache`] is implemented, and small for that reason. It keeps
//! the whole contract: any number of processes may use one folder, a process that is killed leaves
//! nothing that is taken for a result, and what is not used for [`MAX_AGE`] is trimmed on closing.
//!
//! ```
//! use cache_core::{ActionId, Cache, CacheExt, OutputId};
//! use own_store::SqliteCache;
//!
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path();
//! let cache = SqliteCache::open(dir)?;
//! let action = ActionId::from_bytes(*OutputId::of(b"how the result is computed").as_bytes());
//! cache.put_bytes(&action, b"the result")?;
//! let (_entry, bytes) = cache.get_bytes(&action, 1 << 20)?.hit().ok_or("a miss")?;
//! assert_eq!(bytes, b"the result");
//! cache.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

mod body;
mod entries;
mod store;
mod trim;

pub use store::SqliteCache;
pub use trim::{MAX_AGE, Trimmed};
