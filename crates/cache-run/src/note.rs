//! What is worth telling while a run goes on.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;

use crate::{Explanation, Miss};

/// What is worth telling while a run goes on. Its text is one line, but an explanation's.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note<'a> {
    /// An input is a glob that matches nothing. Most often that is a typing mistake.
    EmptyGlob(&'a OsStr),
    /// An equal run is going on, and this one waits for its result. The number of its process.
    Waiting(Option<u32>),
    /// An equal run was killed, and this one waits a while for what that started.
    WaitingForOrphans,
    /// There is no lock to be had: an equal run at the same time would run the command too.
    NoLock {
        /// The folder for the locks.
        folder: &'a Path,
        /// What the system said.
        error: &'a io::Error,
    },
    /// There may be a result, but it cannot be replayed, so the command is run.
    NotReplayed(&'a Miss),
    /// Why the command is run.
    Explanation(&'a Explanation),
}

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::EmptyGlob(glob) => {
                write!(f, "input {glob:?} matches nothing: check how it is written")
            }
            Note::Waiting(Some(process)) => {
                write!(f, "process {process} is running the same: waiting for its result")
            }
            Note::Waiting(None) => {
                f.write_str("another process is running the same: waiting for its result")
            }
            Note::WaitingForOrphans => f.write_str(
                "a process that ran the same is gone, but what it started still runs: waiting for \
                 that to end",
            ),
            Note::NoLock { folder, error } => write!(
                f,
                "cannot make the lock in {}: {error}; an equal run at the same time would run the \
                 command too",
                folder.display()
            ),
            Note::NotReplayed(miss) => write!(f, "cannot replay, so the command is run: {miss}"),
            Note::Explanation(explanation) => explanation.fmt(f),
        }
    }
}
