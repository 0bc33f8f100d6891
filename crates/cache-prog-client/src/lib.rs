//! A build artifact cache that a helper process serves, for programs that let their users choose
//! where results are kept.
//!
//! [`ProgCache`] starts the helper from one string and speaks the go command's cache protocol
//! (`GOCACHEPROG`) with it over its stdin and stdout, so that every helper that was written for Go
//! is a [`Cache`](cache_core::Cache) for a Rust program.
//!
//! One thread reads the replies, in whatever order they come, and hands each to the caller who
//! waits for it; callers write their requests themselves, one after another. A helper is a program
//! of somebody else's: whatever it does, each call ends, at the latest with a [`HelperError`] when
//! its limit has passed ([`Builder::reply_deadline`]). Once it has failed it is ended, for after
//! that nothing says which reply belongs to what, and every later call gets that error at once.
//!
//! Outside Unix a pipe cannot be waited for with a limit. A write that the helper does not take ends
//! there with the limit of another call, or with the helper.
//!
//! ```no_run
//! use cache_core::{Cache, CacheExt};
//! use cache_prog_client::ProgCache;
//! # fn fuzz_dir() -> std::path::PathBuf { "/tmp/fuzz".into() }
//! # let action = cache_core::ActionId::from_bytes([0; 32]);
//!
//! let cache = ProgCache::builder("larder serve --dir '/srv/build cache'", fuzz_dir()).start()?;
//! cache.put_bytes(&action, b"the result")?;
//! cache.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod builder;
#[cfg(test)]
mod claims;
mod client;
mod error;
mod lifeline;
mod multiplex;
#[cfg(unix)]
mod pipes;
#[cfg(not(unix))]
#[path = "pipes_portable.rs"]
mod pipes;
mod process;
mod quoting;
mod source;
mod waiting;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use builder::{
    Builder, DEFAULT_CLOSE_DEADLINE, DEFAULT_REPLY_DEADLINE, DEFAULT_START_DEADLINE,
};
pub use client::ProgCache;
pub use error::{HelperError, HelperMiss, HelperProblem, StartError, UnterminatedQuote};
pub use waiting::{Waiting, WaitingFor};

/// What these locks guard is whole whenever somebody could panic, which only a caller's own source
/// can make happen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
