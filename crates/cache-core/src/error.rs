//! Misses, which are answers, and errors, which are failures.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};

use crate::{ActionId, OutputId};

/// The result of a cache's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a lookup found nothing that can be used.
///
/// A miss is an ordinary answer: the caller computes the result and stores it. The reason is for
/// people and for statistics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MissReason {
    /// There is no entry for the action.
    #[error("no entry")]
    NotFound,
    /// The cache is in verify mode, where every lookup misses so that every result is computed
    /// again and compared with the stored one.
    #[error("verify mode is on, in which every lookup misses")]
    VerifyMode,
    /// The entry is malformed.
    #[error("malformed entry: {0}")]
    Malformed(&'static str),
    /// The entry kept changing while it was read.
    #[error("entry changed while it was read")]
    Changing,
    /// The entry is there but cannot be read.
    #[error("cannot read the entry {}: {source}", path.display())]
    Unreadable {
        /// The entry's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The entry is fine, but the output that it names is gone.
    #[error("output {0} is gone")]
    OutputGone(OutputId),
    /// The output's file has another size than the entry says.
    #[error("output {output} has {found} B where its entry says {expected} B")]
    OutputSize {
        /// The output.
        output: OutputId,
        /// The size in bytes that the entry gives.
        expected: u64,
        /// The size in bytes of the file.
        found: u64,
    },
    /// The output's bytes do not have the SHA-256 that is its ID.
    #[error("output {0} has wrong bytes: its SHA-256 differs from its ID")]
    OutputChecksum(OutputId),
    /// A reason of a store that is not among the ones above.
    #[error("{0}")]
    Other(Box<dyn StdError + Send + Sync>),
}

/// A failure of a cache's operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused an operation on a file or a folder.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: `open`, `write`, `rename`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The source of a put could not be read.
    #[error("cannot read what to store for action {action}: {source}")]
    Source {
        /// The action whose result was being stored.
        action: ActionId,
        /// What the source said.
        source: io::Error,
    },
    /// The source of a put gave other bytes when it was read the second time. Nothing was stored.
    #[error("content changed while it was stored for action {action}")]
    ContentChanged {
        /// The action whose result was being stored.
        action: ActionId,
    },
    /// A promised body was not what was promised. Nothing was stored.
    #[error(transparent)]
    BrokenPromise(Box<BrokenPromise>),
    /// In verify mode: the action produced something else than what is stored for it. The stored
    /// entry stays.
    #[error(transparent)]
    VerifyMismatch(Box<VerifyMismatch>),
    /// The output is larger than the caller's limit.
    #[error("output {output} has {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// The output.
        output: OutputId,
        /// Its size in bytes.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// Everybody can write to the cache's directory, and so put wrong results into it.
    #[error(
        "everybody can write to the cache directory {}, and so put wrong results into it",
        dir.display()
    )]
    WorldWritable {
        /// The directory.
        dir: PathBuf,
    },
    /// The cache was closed.
    #[error("the cache is closed")]
    Closed,
    /// The cache does not offer this.
    #[error("this cache cannot {0}")]
    Unsupported(&'static str),
    /// A failure of a store that others wrote.
    #[error(transparent)]
    Backend(Box<dyn StdError + Send + Sync>),
}

/// A body that was not what was promised; see [`Source::Promised`](crate::Source::Promised).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "body for action {action} is not what was promised: \
     {found} ({found_size} bytes) where {promised} ({promised_size} bytes) was announced"
)]
pub struct BrokenPromise {
    /// The action whose result was being stored.
    pub action: ActionId,
    /// The output ID that was promised.
    pub promised: OutputId,
    /// The size in bytes that was promised.
    pub promised_size: u64,
    /// The output ID of the body.
    pub found: OutputId,
    /// The size of the body in bytes.
    pub found_size: u64,
}

/// An action that produced something else than what is stored for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cache verify failed: action {action} ({}) has stored output {old} ({old_size} bytes), \
     but now produced {new} ({new_size} bytes)",
    // What was hashed is often several lines; escaped, it leaves the message one.
    description.as_ref().map_or("what was hashed for it is not known".into(), |d| format!("{d:?}"))
)]
pub struct VerifyMismatch {
    /// The action.
    pub action: ActionId,
    /// What was hashed into the action ID, when the reverse lookup knows it.
    pub description: Option<String>,
    /// The stored output.
    pub old: OutputId,
    /// The stored output's size in bytes.
    pub old_size: u64,
    /// The output that was put.
    pub new: OutputId,
    /// The size in bytes of what was put.
    pub new_size: u64,
}

impl Error {
    /// A function for `map_err` that turns what the system said about `operation` on `path` into
    /// an [`Error::Io`].
    pub fn io(operation: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { operation, path: path.as_ref().to_owned(), source }
    }
}
