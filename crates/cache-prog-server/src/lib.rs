//! Serves any cache as a helper of the go command.
//!
//! A helper is the child process that `GOCACHEPROG` names; it is asked for results of builds over
//! its stdin and answers over its stdout. [`serve`] is all of it but the cache and the process.
//!
//! A few [`workers`](Options::workers) take turns at reading a request and answering it, in any
//! order: a slow lookup holds up no fast one, and nobody waits for a body that is still arriving.
//! Where lookups are said to be [local](Options::local_lookups), one worker answers them one after
//! another while they are quick: to wake up the next takes longer. Bodies up to 1 MiB, or less where
//! workers are many, are read into memory first; larger ones go from the wire to the cache as they
//! come, so that memory is bounded whatever is put.
//!
//! A lookup that the cache fails is answered as a miss, with a warning through `tracing`: the go
//! command takes a miss for work to be done and an error for a build that failed.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use cache_disk::DiskCache;
//! use cache_prog_server::{Options, serve};
//!
//! let cache = DiskCache::open("/home/gopher/.cache/go-build")?;
//! let tally = serve(Arc::new(cache), std::io::stdin(), std::io::stdout(), &Options::default())?;
//! eprintln!("{} of {} were there", tally.hits, tally.gets);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod answer;
mod in_hand;
mod lookups;
mod owed;
mod replies;
mod requests;
mod serve;
mod tally;
mod workers;

pub use serve::{Options, ServeError, Stop, serve};
pub use tally::Tally;
