//! Deriving the keys of a build artifact cache, for authors of build tools.
//!
//! A key, an [`ActionId`](cache_core::ActionId), is a [`Hash`](struct@Hash) of everything that a
//! computation's result depends on. A [`KeySpace`] makes hashes that begin with a salt, so that two
//! programs, or two versions of one, never read each other's entries by accident. A
//! [`FileHashMemo`] gives the hashes of the files that go into keys, and reads each file again only
//! when it changed, also in the next process when it is given a file to remember in.
//!
//! Salt, trace and memo are values that a program makes and passes on, not settings of the
//! process: a build server may serve two toolchains at once, each with a salt of its own, and a
//! test may trace its own hashes and no others.
//!
//! ```
//! use std::io::Write;
//!
//! use cache_hash::{FileHashMemo, KeySpace};
//!
//! # let folder = tempfile::tempdir()?;
//! # let source = folder.path().join("main.c");
//! # std::fs::write(&source, "int main(void) { return 0; }")?;
//! let keys = KeySpace::new("mytool 1.2.0");
//! let files = FileHashMemo::new();
//!
//! let mut hash = keys.hash("compile main.c");
//! writeln!(hash, "flags -O2")?;
//! writeln!(hash, "file main.c {}", files.hash(&source)?)?;
//! let compile = hash.sum();
//!
//! // A second result of the same computation.
//! let warnings = keys.subkey(&compile, "warnings");
//! # assert_ne!(compile, warnings);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The derivation is that of the go command's cache: with the salt `go1.27.3` the keys are those
//! of that version of Go.

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod bounded;
#[cfg(test)]
mod claims;
mod file;
mod key;
#[cfg_attr(not(unix), path = "memo_file/none.rs")]
mod memo_file;
mod quote;
mod stamp;
mod trace;

pub use file::{FileHashError, FileHashMemo};
pub use key::{Hash, KeySpace, strip_experiment};
pub use trace::{ReverseLookup, Trace};
